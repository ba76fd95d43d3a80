//! Hostile files: a command refuses links, second names and special files where it expects a file of its own.
//!
//! As root the tests also see that nothing is given to another user. Without root they see all the rest.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so")]

mod common;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use common::{PASSWORD, SECRET};
use tempfile::TempDir;

/// The user of the service, where the tests run as root.
const SERVICE: u32 = 12_345;

/// The content that must not change.
const DEAR: &str = "dear to somebody else";

/// What an attacker puts where a command expects a file of its own.
#[derive(Debug, Clone, Copy)]
enum HostileFile {
    Link,
    DanglingLink,
    HardLink,
    Fifo,
    Folder,
}

impl HostileFile {
    const ALL: [Self; 5] = [Self::Link, Self::DanglingLink, Self::HardLink, Self::Fifo, Self::Folder];

    /// The error of a command that meets it.
    fn reason(self) -> &'static str {
        match self {
            Self::Link | Self::DanglingLink => "is a symbolic link",
            Self::HardLink => "has 2 names",
            Self::Fifo => "is no regular file",
            Self::Folder => "is a folder",
        }
    }
}

/// A folder of the service with a database and a copy of it, and a file elsewhere.
struct Installation {
    folder: TempDir,
    /// On the same file system, or there could be no hard link.
    elsewhere: TempDir,
}

fn is_root() -> bool {
    // Files in /proc belong to the user of the process.
    fs::metadata("/proc/self").unwrap().uid() == 0
}

fn give_to_service(path: &Path) {
    if is_root() {
        chown(path, Some(SERVICE), Some(SERVICE)).unwrap();
    }
}

/// Runs the program, and kills it if it does not end: it waits for a reader of a FIFO, or serves.
fn call(folder: &Path, environment: &[(&str, &str)], arguments: &[impl AsRef<OsStr>]) -> Output {
    let mut command = Command::new("timeout");
    command.args(["--signal=KILL", "60", env!("CARGO_BIN_EXE_hubbub")]).args(arguments);
    command.env("HUBBUB_DATA_DIR", folder).env("HUBBUB_LISTEN", "127.0.0.1:0").env("NO_COLOR", "1");
    command.envs(environment.iter().copied()).stdin(Stdio::null()).output().unwrap()
}

fn done(output: &Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), &*errors), (Some(0), ""));
    String::from_utf8(output.stdout.clone()).unwrap()
}

impl Installation {
    fn new() -> Self {
        let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        give_to_service(folder.path());
        let place = Self { folder, elsewhere };
        fs::write(place.target(), DEAR).unwrap();
        fs::set_permissions(place.target(), fs::Permissions::from_mode(0o640)).unwrap();
        place
    }

    /// As [`new`](Self::new), with the files of another place.
    fn like(other: &Self) -> Self {
        let place = Self::new();
        for name in ["hubbub.db", "copy.db"] {
            fs::copy(other.path(name), place.path(name)).unwrap();
            give_to_service(&place.path(name));
        }
        place
    }

    /// With a database that has a user, and a copy.
    fn with_database() -> Self {
        let place = Self::new();
        let mut command = Command::new("sh");
        let line = r#"printf '%s\n' "$PASSWORD" | "$HUBBUB" user add ann"#;
        command.args(["-c", line]).env("HUBBUB", env!("CARGO_BIN_EXE_hubbub")).env("PASSWORD", PASSWORD);
        done(&command.env("HUBBUB_DATA_DIR", place.folder.path()).output().unwrap());
        done(&place.call(&["backup", "COPY"]));
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn target(&self) -> PathBuf {
        self.elsewhere.path().join("target")
    }

    /// Calls the program; `COPY` is the copy that there is, and `NEW` one that there is not.
    fn call(&self, arguments: &[&str]) -> Output {
        let paths = [self.path("copy.db"), self.path("new.db")];
        let [copy, new] = paths.each_ref().map(|path| path.to_str().unwrap());
        let named = |argument: &&str| match *argument {
            "COPY" => copy.to_owned(),
            "NEW" => new.to_owned(),
            other => other.to_owned(),
        };
        let arguments: Vec<String> = arguments.iter().map(named).collect();
        call(self.folder.path(), &[("JWT_SECRET", SECRET)], &arguments)
    }

    fn plant(&self, hostile: HostileFile, name: &str) {
        let path = self.path(name);
        if path.exists() {
            fs::remove_file(&path).unwrap();
        }
        match hostile {
            HostileFile::Link => symlink(self.target(), path).unwrap(),
            HostileFile::DanglingLink => symlink(self.elsewhere.path().join("nothing"), path).unwrap(),
            HostileFile::HardLink => fs::hard_link(self.target(), path).unwrap(),
            HostileFile::Fifo => assert!(Command::new("mkfifo").arg(path).status().unwrap().success()),
            HostileFile::Folder => fs::create_dir(path).unwrap(),
        }
    }

    /// Checks that files elsewhere are unchanged, and that none was created there.
    fn check_elsewhere(&self, what: &str) {
        let facts = fs::metadata(self.target()).unwrap();
        let ours = fs::metadata(self.elsewhere.path()).unwrap().uid();
        assert_eq!(fs::read_to_string(self.target()).unwrap(), DEAR, "{what}");
        assert_eq!((facts.uid(), facts.mode() & 0o777), (ours, 0o640), "{what}");
        assert_eq!(fs::read_dir(self.elsewhere.path()).unwrap().count(), 1, "{what}");
    }

    fn names(&self) -> Vec<String> {
        let files = fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<_> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

/// Plants each thing under each of these names, and calls the program.
fn refuses_all(arguments: &[&str], names: &[&str]) {
    let model = Installation::with_database();
    for name in names {
        for hostile in HostileFile::ALL {
            let place = Installation::like(&model);
            place.plant(hostile, name);
            let before = place.names();

            let output = place.call(arguments);

            let what = format!("{hostile:?} at {name}, {arguments:?}");
            let line = String::from_utf8_lossy(&output.stderr).into_owned();
            place.check_elsewhere(&what);
            assert_eq!((output.status.code(), line.lines().count()), (Some(2), 1), "{what}: {line}");
            let path = format!("`{}`", place.path(name).display());
            assert!(line.contains(&path) && line.contains(hostile.reason()), "{what}: {line}");
            assert_eq!(place.names(), before, "{what}");
        }
    }
}

#[test]
fn serve_refuses_hostile_files() {
    let beside = ["hubbub.db-lock", "hubbub.db-wal", "hubbub.db-shm", "hubbub.db-journal"];
    refuses_all(&["serve"], &beside);
    refuses_all(&["serve"], &["hubbub.db"]);
}

#[test]
fn restore_refuses_hostile_files() {
    let beside = ["hubbub.db-lock", "hubbub.db-wal", "hubbub.db-shm", "hubbub.db-journal"];
    refuses_all(&["restore", "COPY"], &beside);
    refuses_all(&["restore", "COPY"], &["hubbub.db", "copy.db", "copy.db-wal"]);
}

#[test]
fn backup_refuses_hostile_files() {
    let beside = ["hubbub.db-wal", "hubbub.db-shm", "hubbub.db-journal"];
    refuses_all(&["backup", "NEW"], &beside);
    refuses_all(&["backup", "NEW"], &["hubbub.db"]);
}

#[test]
fn check_refuses_hostile_files() {
    refuses_all(&["check"], &["hubbub.db", "hubbub.db-wal", "hubbub.db-shm", "hubbub.db-journal"]);
    refuses_all(&["check", "COPY"], &["copy.db", "copy.db-wal", "copy.db-shm", "copy.db-journal"]);
}

#[test]
fn user_refuses_hostile_files() {
    refuses_all(&["user", "disable", "ann"], &["hubbub.db-lock", "hubbub.db-wal"]);
}

#[test]
fn leftover_links_of_a_restore_are_removed_unread() {
    let model = Installation::with_database();
    for name in ["hubbub.db-restore", "hubbub.db-restore-wal", "hubbub.db-restore-journal"] {
        for hostile in
            [HostileFile::Link, HostileFile::DanglingLink, HostileFile::HardLink, HostileFile::Fifo]
        {
            let place = Installation::like(&model);
            place.plant(hostile, name);

            let said = done(&place.call(&["restore", "COPY"]));

            assert!(said.starts_with("Restored 0 rooms"), "{said}");
            place.check_elsewhere(&format!("{hostile:?} at {name}"));
            assert!(place.names().iter().all(|name| !name.contains("-restore")), "{:?}", place.names());
        }
    }
}

#[test]
fn a_backup_is_not_written_through_a_link() {
    let model = Installation::with_database();
    for name in ["new.db", "new.db.part"] {
        for hostile in [HostileFile::Link, HostileFile::DanglingLink, HostileFile::HardLink] {
            let place = Installation::like(&model);
            place.plant(hostile, name);

            let output = place.call(&["backup", "NEW"]);

            let line = String::from_utf8_lossy(&output.stderr).into_owned();
            let path = place.path(name);
            let taken = format!("`{}` is there already", path.display());
            assert!(output.status.code() == Some(2) && line.contains(&taken), "{line}");
            place.check_elsewhere(name);
            assert!(path.symlink_metadata().is_ok());
        }
    }
}

#[test]
fn the_development_secret_is_not_read_from_a_hostile_file() {
    for hostile in HostileFile::ALL {
        let place = Installation::new();
        place.plant(hostile, "jwt-secret");

        let output = call(place.folder.path(), &[("HUBBUB_ENV", "development")], &["serve"]);

        let line = String::from_utf8_lossy(&output.stderr).into_owned();
        let path = format!("`{}`", place.path("jwt-secret").display());
        assert_eq!((output.status.code(), line.lines().count()), (Some(2), 1), "{hostile:?}: {line}");
        assert!(line.contains(&path) && line.contains(hostile.reason()), "{hostile:?}: {line}");
        place.check_elsewhere("jwt-secret");
    }
}

#[test]
fn a_lock_file_with_other_content_is_left_unchanged() {
    let place = Installation::with_database();
    let lock = place.path("hubbub.db-lock");
    fs::write(&lock, DEAR).unwrap();
    for arguments in [&["serve"][..], &["restore", "COPY"]] {
        let output = place.call(arguments);

        let line = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && line.contains("hubbub.db-lock` cannot be used"), "{line}");
        assert!(line.contains("is no lock file"), "{line}");
        assert_eq!(fs::read_to_string(&lock).unwrap(), DEAR);
    }
}

#[test]
fn files_made_by_root_belong_to_the_owner_of_the_database() {
    let place = Installation::with_database();
    let owner = fs::metadata(place.folder.path()).unwrap().uid();
    fs::remove_file(place.path("hubbub.db-lock")).unwrap();

    done(&place.call(&["restore", "COPY"]));
    done(&place.call(&["user", "disable", "ann"]));

    for name in ["hubbub.db", "hubbub.db-lock"] {
        let facts = fs::metadata(place.path(name)).unwrap();
        assert_eq!((facts.uid(), facts.mode() & 0o777, facts.nlink()), (owner, 0o600, 1), "{name}");
    }
}

/// SQLite gives what is beside a database to its owner, when root opens it.
#[test]
fn a_file_of_root_beside_the_database_keeps_its_owner() {
    if !is_root() {
        return println!("Not root: nothing can be given away");
    }
    let model = Installation::with_database();
    for name in ["hubbub.db-wal", "hubbub.db-shm", "hubbub.db-journal"] {
        for arguments in [&["check"][..], &["backup", "NEW"], &["restore", "COPY"], &["serve"]] {
            let place = Installation::like(&model);
            fs::write(place.path(name), DEAR).unwrap();

            let output = place.call(arguments);

            let line = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(2), "{arguments:?}: {line}");
            assert!(line.contains(&format!("{name}`")) && line.contains("belongs to another user"), "{line}");
            assert_eq!(fs::read_to_string(place.path(name)).unwrap(), DEAR, "{arguments:?}");
            assert_eq!(fs::metadata(place.path(name)).unwrap().uid(), 0, "{arguments:?}");
        }
    }
}

#[test]
fn a_data_folder_may_be_a_link() {
    let place = Installation::with_database();
    let link = place.elsewhere.path().join("data");
    symlink(place.folder.path(), &link).unwrap();
    let call = |arguments: &[&str]| call(&link, &[("JWT_SECRET", SECRET)], arguments);

    assert!(done(&call(&["check"])).contains("nothing is wrong"));
    let copy = link.join("linked.db");
    done(&call(&["backup", copy.to_str().unwrap()]));
    done(&call(&["restore", copy.to_str().unwrap()]));
    done(&call(&["user", "disable", "ann"]));

    assert!(place.path("linked.db").is_file() && place.path("hubbub.db-lock").is_file());
}
