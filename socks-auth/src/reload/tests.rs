use std::{
    fs::{self, File, FileTimes},
    io::Write,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use tempfile::TempDir;
use tokio::{task, time};
use tracing_subscriber::fmt::MakeWriter;

use super::{Expected, LoadError, Reloaded};

/// A file with a number in it.
fn parse(content: &[u8]) -> Result<u32, Expected> {
    let text = str::from_utf8(content).unwrap_or_default();
    let number = text.trim().parse();
    number.map_err(|_| Expected::at(1, "expected a number"))
}

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// In place, as `cp` and `htpasswd` do it.
    fn write(&self, name: &str, content: &str) {
        fs::write(self.path(name), content).unwrap();
    }

    /// Anew, as editors do it.
    fn replace(&self, name: &str, content: &str) {
        self.write("next", content);
        fs::rename(self.path("next"), self.path(name)).unwrap();
    }

    fn open(&self, name: &str) -> Result<Reloaded<u32>, LoadError> {
        Reloaded::open(self.path(name), parse)
    }
}

/// A file that holds 1, known so long that nothing is to be read again.
fn settled(folder: &Folder) -> Reloaded<u32> {
    folder.write("file", "1");
    let old = SystemTime::now() - Duration::from_secs(3600);
    let file = File::options()
        .append(true)
        .open(folder.path("file"))
        .unwrap();
    file.set_times(FileTimes::new().set_modified(old)).unwrap();
    let file = folder.open("file").unwrap();
    assert_eq!(file.reads_after_two_looks(), 1);
    file
}

impl Reloaded<u32> {
    fn reads_after_two_looks(&self) -> u32 {
        self.look();
        self.look();
        *self.current()
    }
}

/// Everything that is logged on this thread meanwhile.
fn log(during: impl FnOnce()) -> String {
    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl Write for Buffer {
        fn write(&mut self, octets: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(octets)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl MakeWriter<'_> for Buffer {
        type Writer = Self;

        fn make_writer(&self) -> Self {
            self.clone()
        }
    }

    let buffer = Buffer::default();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(buffer.clone())
        .with_ansi(false)
        .with_max_level(tracing::level_filters::LevelFilter::TRACE)
        .finish();
    tracing::subscriber::with_default(subscriber, during);
    let logged = buffer.0.lock().unwrap().clone();
    String::from_utf8(logged).unwrap()
}

#[test]
fn the_first_reading_must_succeed() {
    let folder = Folder::new();
    let error = folder.open("file").unwrap_err().to_string();
    assert!(error.contains("file: cannot be read: "), "{error}");

    folder.write("file", "hunter2");
    let error = folder.open("file").unwrap_err();
    let expected = format!("{}:1: expected a number", folder.path("file").display());
    assert_eq!(error.to_string(), expected);
    assert_eq!(
        (error.line(), error.path()),
        (Some(1), &*folder.path("file"))
    );
    assert!(!format!("{error:?}").contains("hunter2"));

    fs::create_dir(folder.path("folder")).unwrap();
    let error = folder.open("folder").unwrap_err().to_string();
    assert!(error.ends_with("not a plain file"), "{error}");
}

/// However long the file is, no more than 4 MiB of it are read.
#[test]
fn a_file_is_bounded() {
    let folder = Folder::new();
    let file = File::create(folder.path("file")).unwrap();
    file.set_len(4 * 1024 * 1024 + 1).unwrap();
    let error = folder.open("file").unwrap_err().to_string();
    assert!(error.ends_with("longer than 4 MiB"), "{error}");
}

#[test]
fn a_change_in_place_is_seen_at_the_second_look() {
    let folder = Folder::new();
    let file = settled(&folder);
    folder.write("file", "2");
    file.look();
    assert_eq!(*file.current(), 1);
    file.look();
    assert_eq!(*file.current(), 2);
}

/// Half a file is never read: as long as it changes, it waits.
#[test]
fn what_is_still_changing_is_not_read() {
    let folder = Folder::new();
    let file = settled(&folder);
    for content in ["2", "22", "222", "2222"] {
        folder.write("file", content);
        file.look();
        assert_eq!(*file.current(), 1, "{content}");
    }
    file.look();
    assert_eq!(*file.current(), 2222);
}

#[test]
fn a_file_that_takes_its_place_is_seen() {
    let folder = Folder::new();
    let file = settled(&folder);
    folder.replace("file", "2");
    assert_eq!(file.reads_after_two_looks(), 2);
}

/// `cp -p` and `rsync -t` set the times back.
#[cfg(unix)]
#[test]
fn a_change_of_the_same_length_and_time_is_seen() {
    let folder = Folder::new();
    let file = settled(&folder);
    let path = folder.path("file");
    let modified = fs::metadata(&path).unwrap().modified().unwrap();
    folder.write("file", "2");
    let times = FileTimes::new().set_modified(modified);
    File::options()
        .append(true)
        .open(&path)
        .unwrap()
        .set_times(times)
        .unwrap();
    assert_eq!(file.reads_after_two_looks(), 2);
}

/// Kubernetes' ConfigMaps: file → ..data/file, ..data → ..1, and ..data is replaced.
#[cfg(unix)]
#[test]
fn a_symlink_that_moves_is_seen() {
    use std::os::unix::fs::symlink;

    let folder = Folder::new();
    for (version, content) in [("..1", "1"), ("..2", "2")] {
        fs::create_dir(folder.path(version)).unwrap();
        folder.write(&format!("{version}/file"), content);
    }
    symlink("..1", folder.path("..data")).unwrap();
    symlink("..data/file", folder.path("file")).unwrap();
    let file = folder.open("file").unwrap();
    assert_eq!(file.reads_after_two_looks(), 1);

    symlink("..2", folder.path("..next")).unwrap();
    fs::rename(folder.path("..next"), folder.path("..data")).unwrap();
    assert_eq!(file.reads_after_two_looks(), 2);
}

/// A broken file keeps what was read, says so once with file and line, and says nothing of what is
/// in it (SE-34).
#[test]
fn a_broken_file_changes_nothing_and_is_told_once() {
    let folder = Folder::new();
    let file = settled(&folder);
    for broken in ["hunter2", ""] {
        folder.write("file", broken);
        let logged = log(|| {
            for _ in 0..10 {
                file.look();
            }
        });
        assert_eq!(*file.current(), 1);
        assert_eq!(logged.matches("WARN").count(), 1, "{logged}");
        assert!(logged.contains("file:1: expected a number"), "{logged}");
        assert!(!logged.contains("hunter2"), "{logged}");
    }
    folder.write("file", "2");
    assert_eq!(file.reads_after_two_looks(), 2);
}

#[test]
fn a_file_that_is_gone_changes_nothing_and_is_told_once() {
    let folder = Folder::new();
    let file = settled(&folder);
    let logged = log(|| {
        for _ in 0..2 {
            fs::remove_file(folder.path("file")).unwrap();
            for _ in 0..10 {
                file.look();
            }
            assert_eq!(*file.current(), 1);
            folder.write("file", "1");
            file.reads_after_two_looks();
        }
    });
    assert_eq!(logged.matches("WARN").count(), 2, "{logged}");
    assert_eq!(logged.matches("INFO").count(), 2, "{logged}");
}

/// As on SIGHUP: now, whatever the times say.
#[tokio::test]
async fn reloading_by_hand() {
    let folder = Folder::new();
    let file = Arc::new(settled(&folder));
    folder.write("file", "2");
    Arc::clone(&file).reload().await.unwrap();
    assert_eq!(*file.current(), 2);

    folder.write("file", "?");
    let error = Arc::clone(&file).reload().await.unwrap_err();
    assert_eq!((error.line(), *file.current()), (Some(1), 2));
}

/// Who asked for it is told of each change, when it is in force, and of nothing else.
#[tokio::test]
async fn changes_are_told() {
    let folder = Folder::new();
    let file = Arc::new(settled(&folder));
    let told = Arc::new(Mutex::new(Vec::new()));
    let (weak, list) = (Arc::downgrade(&file), Arc::clone(&told));
    file.on_change(move || {
        let now = weak.upgrade().map(|file| *file.current());
        list.lock().unwrap().push(now);
    });
    file.look();
    Arc::clone(&file).reload().await.unwrap();
    folder.write("file", "?");
    file.reads_after_two_looks();
    Arc::clone(&file).reload().await.unwrap_err();
    assert_eq!(*told.lock().unwrap(), []);
    folder.write("file", "2");
    file.reads_after_two_looks();
    folder.write("file", "3");
    Arc::clone(&file).reload().await.unwrap();
    assert_eq!(*told.lock().unwrap(), [Some(2), Some(3)]);
}

/// A change is in force two intervals later, and the watch ends with the last user of the file.
#[tokio::test(start_paused = true)]
async fn a_watch_looks_again_and_again() {
    let folder = Folder::new();
    let file = Arc::new(settled(&folder));
    let watch = tokio::spawn(file.watch(Duration::from_secs(1)));
    time::sleep(Duration::from_millis(1500)).await;
    folder.write("file", "2");
    time::sleep(Duration::from_millis(2000)).await;
    while *file.current() == 1 {
        // A look that has begun ends by itself.
        task::yield_now().await;
    }
    assert_eq!(*file.current(), 2);
    drop(file);
    watch.await.unwrap();
}
