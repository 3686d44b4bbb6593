//! Opening a recording where something in it was found.

use crate::query;
use crate::query::Node;
use crate::query::Now;
use crate::replay::search::Pattern;
use crate::replay::state::State;
use crate::replay::update;
use crate::replay::update::Effect;
use crate::store::Hit;
use crate::store::Source;

/// Goes to the moment of `hit` in the recording that was just opened, holds there and marks what `asked`, the query,
/// looks for.
pub fn land(state: &mut State, hit: &Hit, asked: &str) -> Vec<Effect> {
    let found = hit.found.iter().filter_map(|range| hit.snippet.get(range.clone()));
    let mut found: Vec<String> = found.filter(|text| !text.trim().is_empty()).map(str::to_owned).collect();
    let first = found.first().cloned();
    found.extend(words(asked, &state.now()));
    let Some(play) = &mut state.play else { return Vec::new() };
    // What is not on the screen has no place there: its call or command is chosen in the list beside it.
    play.expected = play.expected.max(Some(hit.at));
    let mut effects = vec![Effect::Goto(play.seek_hit(hit.at))];
    play.search.is_of_list = true;
    let Some(pattern) = Pattern::any(&found) else { return effects };
    effects.extend(update::mark(play, pattern, found.swap_remove(0)));
    play.search.is_of_list = true;
    if hit.source == Source::Screen
        && let Some(pattern) = first.and_then(|first| Pattern::any(&[first]))
    {
        play.search.landing = Some(hit.at);
        effects.push(Effect::Land(play.search.number, pattern, hit.at));
    }
    effects
}

/// The words and phrases that `asked` looks for in texts.
fn words(asked: &str, now: &Now) -> Vec<String> {
    let mut words = Vec::new();
    let query = query::parse(asked, now).unwrap_or_default();
    query.node.iter().for_each(|node| {
        node.leaves(false, &mut |leaf, is_not| match leaf {
            Node::Text(text) if !is_not => words.push(text.words.clone()),
            _ => {}
        });
    });
    words
}
