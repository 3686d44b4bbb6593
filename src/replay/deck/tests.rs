use std::fmt::Write as _;
use std::fs;
use std::fs::File;
use std::fs::Permissions;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::mpsc;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::replay::index::Index;
use crate::replay::message::Frame;
use crate::replay::message::Overview;
use crate::replay::player::Player;
use crate::term::Row;
use crate::term::Snapshot;

const EVENTS: u32 = 1_200;

/// About 1 MiB of output, with colours, wide characters, resizes, full-screen parts, events at one time, and lines
/// that are none.
fn recording() -> String {
    let mut text = "{\"version\":2,\"width\":80,\"height\":24}\n".to_owned();
    for n in 0..EVENTS {
        let time = f64::from(n / 3 * 3) * 0.01;
        let data = match n % 100 {
            30 => "\u{1b}[?1049h\u{1b}[2J".to_owned(),
            60 => "\u{1b}[?1049l".to_owned(),
            _ => format!("\u{1b}[3{}m\u{1b}[48;2;{n};3;4m{}{}\r\n", n % 8, n, "lorem ipsum 世界 ".repeat(50)),
        };
        let data = serde_json::to_string(&data).unwrap();
        writeln!(text, "[{time:.6}, \"o\", {data}]").unwrap();
        match n % 500 {
            250 => writeln!(text, "[{time:.6}, \"r\", \"{}x30\"]", 60 + n % 50).unwrap(),
            300 => writeln!(text, "[{time:.6}, \"m\", \"here\"]\nnonsense").unwrap(),
            _ => {}
        }
    }
    text
}

struct World {
    folder: tempfile::TempDir,
    cast: PathBuf,
}

impl World {
    fn new(content: &[u8]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let cast = folder.path().join("a.cast");
        fs::write(&cast, content).unwrap();
        Self { folder, cast }
    }

    fn packed(frame: usize) -> Self {
        let content = recording();
        let mut out = Vec::new();
        for part in content.as_bytes().chunks(frame) {
            out.extend(zstd::bulk::compress(part, 1).unwrap());
        }
        Self::new(&out)
    }

    fn cache(&self) -> PathBuf {
        self.folder.path().join("cache")
    }

    /// The files of the index.
    fn files(&self) -> Vec<PathBuf> {
        let name = |path: &PathBuf| path.extension().is_some_and(|end| end == "idx" || end == "scr");
        let mut files: Vec<_> =
            fs::read_dir(self.cache()).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.retain(name);
        files.sort();
        files
    }

    fn works(&self) -> Works {
        let source = Source { cast: self.cast.clone(), audit: None };
        let tape = Tape::open(&self.cast).unwrap();
        let (keyframes, wanted, clock) = (Arc::default(), Arc::default(), Clock::system());
        Works { source, tape, keyframes, wanted, clock, follows: false }
    }

    /// Makes the index, or brings it up to date; gives all news and what is known then.
    fn prepare(&self) -> (Vec<News>, Works) {
        let works = self.works();
        let (sender, messages) = mpsc::channel();
        prepare(&works, Some(&self.cache()), &Desk { ticket: 1, news: sender }).unwrap();
        let news = messages.try_iter().filter_map(|message| match message {
            Message::Recording(_, news) => Some(news),
            _ => None,
        });
        (news.collect(), works)
    }

    fn deck(&self, follows: bool) -> (Deck, Receiver<Message>) {
        let (sender, messages) = mpsc::channel();
        let source = Source { cast: self.cast.clone(), audit: None };
        let options = Options { cache: Some(self.cache()), clock: Clock::system(), follows };
        (Deck::open(source, 1, sender, options), messages)
    }

    /// What is shown there by playing from the start.
    fn straight(&self, goal: Goal) -> (Snapshot, u64, Option<Micros>) {
        let mut player = Player::new(&Tape::open(&self.cast).unwrap()).unwrap();
        player.play_to(goal);
        let next = player.peek();
        (player.screen.snapshot(), player.mark().steps, next)
    }

    /// Whether every place is shown as playing from the start shows it.
    fn assert_all_right(&self) {
        let (deck, messages) = self.deck(false);
        for n in [11, 3, 7, 12, 0, 9] {
            let goal = Goal::Time(Micros(n * 1_000_000));
            deck.goto(goal);
            assert!(next_frame(&messages, goal).screen == self.straight(goal).0, "{goal:?}");
        }
    }
}

fn next_frame(messages: &Receiver<Message>, goal: Goal) -> Frame {
    loop {
        let message = messages.recv_timeout(Duration::from_secs(60)).unwrap();
        if let Message::Recording(_, News::Frame(frame)) = message
            && frame.reached
            && frame.goal == goal
        {
            return frame;
        }
    }
}

fn wait<T>(messages: &Receiver<Message>, mut take: impl FnMut(News) -> Option<T>) -> T {
    loop {
        let message = messages.recv_timeout(Duration::from_secs(60)).unwrap();
        if let Message::Recording(_, news) = message
            && let Some(found) = take(news)
        {
            return found;
        }
    }
}

fn overview(news: &[News]) -> Overview {
    let last = news.iter().rev().find_map(|news| match news {
        News::Overview(overview) => Some(overview.clone()),
        _ => None,
    });
    last.unwrap()
}

fn is_told(news: &[News], words: &str) -> bool {
    news.iter().any(|news| matches!(news, News::Notice(told) if told.contains(words)))
}

fn goals() -> impl Strategy<Value = Vec<Goal>> {
    let goal = prop_oneof![
        (0..13_000_000_u64).prop_map(|at| Goal::Time(Micros(at))),
        (0..u64::from(EVENTS) + 20).prop_map(Goal::Step),
        (0..3_u64).prop_map(|at| Goal::Step(500 + at)),
    ];
    prop::collection::vec(goal, 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, ..ProptestConfig::default() })]
    #[test]
    fn prop_any_path_to_a_moment_shows_what_playing_through_shows(first in goals(), second in goals()) {
        for world in [World::new(recording().as_bytes()), World::packed(100_000)] {
            // While keyframes are made, and once they all are there.
            for goals in [&first, &second] {
                let (deck, messages) = world.deck(false);
                for goal in goals {
                    deck.goto(*goal);
                    let frame = next_frame(&messages, *goal);
                    let (screen, step, next) = world.straight(*goal);
                    prop_assert!(frame.screen == screen, "{:?}", goal);
                    prop_assert_eq!((frame.step, frame.next), (step, next));
                }
                drop(deck);
                world.prepare();
            }
        }
    }
}

#[test]
fn an_index_is_made_once_and_used_again() {
    for world in [World::new(recording().as_bytes()), World::packed(100_000), World::packed(usize::MAX)] {
        let (news, works) = world.prepare();
        let (made, told) = (works.keyframes.count(), overview(&news));
        assert!(made >= 4 && told.events > 1_200 && told.unread == 2, "{made} {told:?}");
        assert!(told.first_fault.as_ref().unwrap().contains("line "));
        assert_eq!(told.markers.len(), 2);
        let before: Vec<_> = world.files().iter().map(|file| fs::read(file).unwrap()).collect();
        assert!(before.iter().all(|bytes| bytes.len() > 100 * made), "the screens are in it");
        for file in world.files() {
            assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
        }
        let (news, works) = world.prepare();
        assert_eq!((works.keyframes.count(), overview(&news)), (made, told));
        let after: Vec<_> = world.files().iter().map(|file| fs::read(file).unwrap()).collect();
        assert!(before == after && before.len() == 2, "nothing is written again");
        // A place far in is one keyframe away.
        let goal = Goal::Time(Micros(11_500_000));
        let (mark, _) = works.keyframes.nearest(goal, None).unwrap();
        assert!(mark.steps > 600, "{mark:?}");
        world.assert_all_right();
    }
}

#[test]
fn an_index_that_is_damaged_or_not_ours_shows_no_wrong_place() {
    let world = World::new(recording().as_bytes());
    world.prepare();
    let good: Vec<_> = world.files().into_iter().map(|file| (fs::read(&file).unwrap(), file)).collect();
    let restore = || good.iter().for_each(|(bytes, file)| fs::write(file, bytes).unwrap());
    for (bytes, file) in &good {
        let length = bytes.len();
        let mut wrongs: Vec<Vec<u8>> = [0, 1, 40, length / 3, length / 2, length - 1]
            .map(|at| {
                let mut wrong = bytes.clone();
                wrong[at] ^= 0x20;
                wrong
            })
            .to_vec();
        wrongs.extend([Vec::new(), bytes[..length / 2].to_vec(), bytes.repeat(2), vec![0xff; length]]);
        for wrong in wrongs {
            restore();
            fs::write(file, wrong).unwrap();
            world.assert_all_right();
            world.prepare();
        }
    }
    // Somebody else's index of a recording that shows other things, put in the place of ours.
    restore();
    let other = World::new(recording().replace("lorem", "WRONG").as_bytes());
    other.prepare();
    for (theirs, ours) in other.files().iter().zip(world.files()) {
        fs::copy(theirs, ours).unwrap();
    }
    world.assert_all_right();
}

/// All that had left the screen by then, and what stood on the main screen.
fn looked_back(tape: &Tape, keyframes: &Keyframes, steps: u64) -> (Vec<Row>, usize, usize) {
    let (mut rows, mut on_screen, mut stretches) = (Vec::new(), 0, 0);
    rewind(tape, keyframes, steps, &|| true, |stretch| {
        on_screen += stretch.on_screen;
        stretches += 1;
        rows.splice(0..0, stretch.rows);
        assert!(!stretch.is_cut);
    })
    .unwrap();
    (rows, on_screen, stretches)
}

#[test]
fn what_left_the_screen_is_the_same_with_kept_screens_and_without() {
    // Also lines that leave because the screen gets smaller.
    let text = recording().replace("60x30", "60x7").replace("\"m\", \"here\"", "\"o\", \"\\u001bc\"");
    let world = World::new(text.as_bytes());
    let (_, works) = world.prepare();
    let none = Keyframes::default();
    for steps in [0, 1, 3, 29, 35, 250, 256, 700, 1_203, u64::MAX] {
        let (rows, on_screen, one) = looked_back(&works.tape, &none, steps);
        let (again, there, stretches) = looked_back(&works.tape, &works.keyframes, steps);
        assert!(rows == again && on_screen == there, "{steps}: {} {}", rows.len(), again.len());
        assert!(one == 1 && (steps < 700 || stretches > 2), "{steps}: {stretches}");
        assert!(steps < 700 || rows.len() > 4_000);
        let shown = world.straight(Goal::Step(steps)).0;
        let last = rows.len() - on_screen;
        for (row, line) in (0..).zip(&rows[last..]).filter(|_| !(30..60).contains(&(steps % 100))) {
            assert_eq!(shown.row(row)[..line.cells.len()], *line.cells, "{steps}");
        }
        assert!(rows[..last].is_sorted_by_key(|row| row.stamp));
    }
}

#[test]
fn nobody_waits_for_lines_that_nobody_wants_any_more() {
    let world = World::new(recording().as_bytes());
    let (deck, messages) = world.deck(false);
    next_frame(&messages, Goal::Time(Micros(0)));
    deck.rewind(1, 900);
    deck.rewind(2, 1_100);
    let (mut rows, mut done) = (0, false);
    while !done {
        done = wait(&messages, |news| match news {
            News::LookedBack(2, stretch) => {
                rows += stretch.rows.len();
                Some(stretch.is_last)
            }
            News::LookedBack(..) => Some(false),
            _ => None,
        });
    }
    assert!(rows > 4_000, "{rows}");
}

#[test]
fn a_recording_that_changed_is_indexed_anew_and_that_is_said() {
    let world = World::new(recording().as_bytes());
    let (_, works) = world.prepare();
    let all = works.keyframes.count();
    // The same length and time, other content from the middle on: nothing shows it but its hash.
    let text = recording();
    let (begin, end) = text.split_at(text.len() / 2);
    let meta = fs::metadata(&world.cast).unwrap();
    fs::write(&world.cast, format!("{begin}{}", end.replace("lorem", "other"))).unwrap();
    File::options().write(true).open(&world.cast).unwrap().set_modified(meta.modified().unwrap()).unwrap();
    let (news, works) = world.prepare();
    assert!(is_told(&news, "is not the one that was indexed"));
    assert!(works.keyframes.count() >= all / 2);
    world.assert_all_right();
    // From its first byte on.
    fs::write(&world.cast, recording().replace("80,\"h", "81,\"h")).unwrap();
    let (news, _) = world.prepare();
    assert!(!is_told(&news, "indexed"), "its time says so before anything wrong is shown");
    world.assert_all_right();
}

#[test]
fn a_recording_that_grew_goes_on_from_its_index() {
    let text = recording();
    let half = text[..text.len() / 2].rfind('\n').unwrap() + 1;
    // In the middle of a line.
    let world = World::new(&text.as_bytes()[..half + 20]);
    let (news, works) = world.prepare();
    let (first, some) = (overview(&news), works.keyframes.count());
    assert!(first.truncated);
    let lines = fs::read(&world.files()[0]).unwrap();
    fs::write(&world.cast, &text).unwrap();
    let (news, works) = world.prepare();
    let second = overview(&news);
    assert!(!second.truncated && second.events > first.events && second.unread == 2, "{second:?}");
    assert!(works.keyframes.count() > some);
    assert!(fs::read(&world.files()[0]).unwrap().starts_with(&lines), "what was known is kept");
    world.assert_all_right();
}

#[test]
fn an_index_that_is_not_private_or_in_use_is_left_alone() {
    let world = World::new(recording().as_bytes());
    let (_, works) = world.prepare();
    let all = works.keyframes.count();
    let held = Index::open(&world.cache(), &world.cast).unwrap();
    let (_, works) = world.prepare();
    assert!(works.keyframes.count() >= all / 2, "they are made in memory");
    drop(held);
    for file in world.files() {
        fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
        assert!(Index::open(&world.cache(), &world.cast).is_err());
        fs::remove_file(&file).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", &file).unwrap();
        assert!(Index::open(&world.cache(), &world.cast).is_err());
        fs::remove_file(&file).unwrap();
    }
    world.assert_all_right();
    // The index of a recording that is gone goes too.
    let gone = World::new(recording().as_bytes());
    let (index, _) = Index::open(&world.cache(), &gone.cast).unwrap();
    drop(index);
    let count = world.files().len();
    drop(gone);
    crate::replay::index::tidy(&world.cache());
    assert_eq!(world.files().len(), count - 2);
}

#[test]
fn a_recording_that_grows_is_followed_to_its_end() {
    let text = recording();
    let lines: Vec<&str> = text.lines().collect();
    let mut written = lines[..500].join("\n") + "\n";
    // Half a line, cut inside a character.
    let next = lines[500].as_bytes();
    let cut = lines[500].find('世').unwrap() + 1;
    let world = World::new(&[written.as_bytes(), &next[..cut]].concat());
    let (deck, messages) = world.deck(true);
    let seen = wait(&messages, |news| match news {
        News::Overview(overview) => Some(overview),
        _ => None,
    });
    assert!(seen.truncated && seen.events == 498, "{seen:?}");
    let mut file = File::options().append(true).open(&world.cast).unwrap();
    file.write_all(&next[cut..]).unwrap();
    file.write_all(format!("\n{}\n", lines[501..700].join("\n")).as_bytes()).unwrap();
    let seen = wait(&messages, |news| match news {
        News::Overview(overview) if overview.events > 690 => Some(overview),
        _ => None,
    });
    let goal = Goal::Time(seen.duration);
    deck.goto(goal);
    assert!(next_frame(&messages, goal).screen == world.straight(goal).0);
    // Its end is written, and it is packed before anybody could look.
    written = format!("{text}[99.0, \"x\", \"0\"]\n");
    let packed = world.cast.with_extension("cast.zst");
    fs::write(&packed, zstd::bulk::compress(written.as_bytes(), 1).unwrap()).unwrap();
    fs::remove_file(&world.cast).unwrap();
    wait(&messages, |news| matches!(news, News::Ended).then_some(()));
    let goal = Goal::Time(Micros(99_000_000));
    deck.goto(goal);
    assert!(next_frame(&messages, goal).screen == world.straight(goal).0);
}

#[test]
fn what_takes_long_is_shown_on_the_way() {
    // A million events at the same time.
    let line = format!("[0, \"o\", \"{}\"]\n", "x\\u001b[m".repeat(100));
    let world = World::new(
        format!("{{\"version\":2,\"width\":80,\"height\":24}}\n{}", line.repeat(200_000)).as_bytes(),
    );
    let (_deck, messages) = world.deck(false);
    let mut pictures = 0;
    let last = wait(&messages, |news| match news {
        News::Frame(frame) if frame.reached => Some(frame.step),
        News::Frame(_) => {
            pictures += 1;
            None
        }
        _ => None,
    });
    assert!(last == 200_000 && pictures > 0, "{last} {pictures}");
}

#[test]
fn an_overview_names_the_line_that_cannot_be_read() {
    let text =
        "{\"version\":2,\"width\":80,\"height\":24}\n[1,\"o\",\"a\"]\nnonsense\n[2.5,\"m\",\"here\"]\n[3,\"o";
    let world = World::new(text.as_bytes());
    let (news, _) = world.prepare();
    let seen = overview(&news);
    assert_eq!(seen.duration, Micros(2_500_000));
    assert_eq!(seen.markers, [(Micros(2_500_000), "here".to_owned())]);
    assert!(seen.truncated && seen.unread == 1 && seen.first_fault.unwrap().contains("line 3"));
    assert!(!Path::new(&world.cast).with_extension("cast.zst").exists());
}
