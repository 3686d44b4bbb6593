//! The private folder with the few files a session's child needs: whom to trust, and AWS files without a secret.

use std::fs;
use std::fs::DirBuilder;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Seek;
use std::io::SeekFrom;
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::path::PathBuf;

use crate::error::IoContext;
use crate::error::Result;

/// Where Linux distributions, the BSDs and macOS keep the certificates that OpenSSL trusts.
const SYSTEM_BUNDLES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Where systems keep the certificates that they trust.
pub fn system_bundles() -> impl Iterator<Item = &'static Path> {
    SYSTEM_BUNDLES.iter().map(Path::new)
}

/// A folder only this user may enter, removed when dropped.
#[derive(Debug)]
pub struct RuntimeDir {
    path: PathBuf,
}

impl RuntimeDir {
    /// Makes `parent/hoop-NAME`, mode 0700; `name` must be fresh.
    pub fn create(parent: &Path, name: &str) -> Result<Self> {
        let path = parent.join(format!("hoop-{name}"));
        DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .context(|| format!("cannot create the session's private folder {}", path.display()))?;
        Ok(Self { path })
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a file `name` and gives its path.
    pub fn file(&self, name: &str, text: &[u8]) -> Result<PathBuf> {
        let path = self.path.join(name);
        let written = new_file(&path).and_then(|mut file| file.write_all(text));
        written.context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    }

    /// Writes `ca.pem`: what the user trusts (the first readable of `instead`, else the machine's bundle), then
    /// `authority`. The variables that name this file replace a program's own store, so it must hold both.
    pub fn ca_bundle(&self, authority: &str, instead: &[PathBuf]) -> Result<PathBuf> {
        let known = SYSTEM_BUNDLES.iter().map(PathBuf::from);
        let trusted = instead.iter().cloned().chain(known).find_map(|bundle| File::open(bundle).ok());
        self.trusting("ca.pem", trusted.into_iter(), authority)
    }

    /// Writes `extra-ca.pem`: all that can be read of `extra`, then `authority`. The variables that name this file add to
    /// a program's own store; Node 20 reads it at every start, so it is short.
    pub fn extra_authorities(&self, authority: &str, extra: &[PathBuf]) -> Result<PathBuf> {
        self.trusting("extra-ca.pem", extra.iter().filter_map(|file| File::open(file).ok()), authority)
    }

    fn trusting(&self, name: &str, trusted: impl Iterator<Item = File>, authority: &str) -> Result<PathBuf> {
        let path = self.path.join(name);
        let write = || -> io::Result<()> {
            let mut file = new_file(&path)?;
            for mut trusted in trusted {
                // The kernel copies (copy_file_range): a quarter of the time of reading and writing.
                io::copy(&mut trusted, &mut file)?;
                file.seek(SeekFrom::End(0))?;
                file.write_all(b"\n")?;
            }
            file.write_all(authority.trim_start().as_bytes())
        };
        write().context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    }
}

impl Drop for RuntimeDir {
    fn drop(&mut self) {
        // Best effort: what stays behind is a public certificate, placeholders and a shell's instructions of a session that is over.
        let _ = fs::remove_dir_all(&self.path);
    }
}

fn new_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_bundle_holds_the_users_roots_and_the_sessions() {
        let parent = tempfile::tempdir().unwrap();
        let corporate = parent.path().join("corporate.pem");
        fs::write(&corporate, "CORPORATE").unwrap();
        let dir = RuntimeDir::create(parent.path(), "x").unwrap();
        let missing = parent.path().join("missing.pem");
        let known = [missing, corporate];
        let bundle = dir.ca_bundle("SESSION\n", &known).unwrap();
        assert_eq!(fs::read_to_string(bundle).unwrap(), "CORPORATE\nSESSION\n");
        let extra = dir.extra_authorities("SESSION\n", &known).unwrap();
        assert_eq!(fs::read_to_string(extra).unwrap(), "CORPORATE\nSESSION\n");
    }

    #[test]
    fn the_folder_is_private_and_goes_at_the_end() {
        let parent = tempfile::tempdir().unwrap();
        let dir = RuntimeDir::create(parent.path(), "x").unwrap();
        let path = dir.path().to_owned();
        let empty = dir.file("config", b"").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(fs::metadata(empty).unwrap().len(), 0);
        assert!(RuntimeDir::create(parent.path(), "x").is_err());
        drop(dir);
        assert!(!path.exists());
    }
}
