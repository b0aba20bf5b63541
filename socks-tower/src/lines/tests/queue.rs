use std::{
    fs, io,
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    time::Duration,
};

use super::super::*;

const PATIENCE: Duration = Duration::from_secs(20);

/// A disk that does nothing until it is let, and keeps what it got.
struct Disk {
    go: Receiver<io::Result<()>>,
    written: Written,
}

type Written = Arc<Mutex<Vec<Vec<u8>>>>;

fn disk() -> (SyncSender<io::Result<()>>, Disk, Written) {
    let (let_go, go) = sync_channel(64);
    let written = Written::default();
    let disk = Disk {
        go,
        written: Arc::clone(&written),
    };
    (let_go, disk, written)
}

impl io::Write for Disk {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.go.recv().unwrap_or(Ok(()))?;
        self.written.lock().unwrap().push(octets.to_vec());
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// While the disk hangs a bounded number of lines waits, no writer does, and what is lost is counted.
#[test]
fn nobody_waits_for_a_disk() {
    let (go, disk, written) = disk();
    let lines = LineWriter::to(disk).queue(4).build().unwrap();
    let mut taken = 0;
    for line in 0..100 {
        taken += u64::from(lines.write(format!("{line}\n").into_bytes()));
    }
    // Those that wait, and those that the thread has with it, which took no more than the queue holds.
    assert!((4..=9).contains(&taken), "{taken}");
    assert_eq!(lines.dropped(), 100 - taken);
    assert!(!lines.flush(Duration::ZERO));
    for _ in 0..64 {
        go.send(Ok(())).unwrap();
    }
    assert!(lines.flush(PATIENCE));
    let all = written.lock().unwrap().concat();
    assert_eq!(
        all.iter().filter(|octet| **octet == b'\n').count() as u64,
        taken
    );
    assert!(all.starts_with(b"0\n1\n"), "in order");
    assert_eq!(lines.failed(), 0);
}

/// What could not be written is counted, and does not run into what comes after it.
#[test]
fn a_disk_that_fails_loses_no_later_line() {
    let (go, disk, written) = disk();
    let lines = LineWriter::to(disk).build().unwrap();
    go.send(Err(io::ErrorKind::StorageFull.into())).unwrap();
    lines.write(b"lost\n".to_vec());
    assert!(!lines.flush(Duration::from_millis(200)) || lines.failed() == 1);
    go.send(Ok(())).unwrap();
    go.send(Ok(())).unwrap();
    lines.write(b"kept\n".to_vec());
    assert!(lines.flush(PATIENCE));
    assert_eq!((lines.failed(), lines.dropped()), (1, 0));
    assert_eq!(written.lock().unwrap().concat(), b"\nkept\n");
}

/// The last clone that is dropped waits until everything is written.
#[test]
fn nothing_is_lost_at_the_end() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("log");
    for durability in [Durability::System, Durability::Batch] {
        let lines = LineWriter::file(&path)
            .durability(durability)
            .build()
            .unwrap();
        let clone = lines.clone();
        for line in 0..1000 {
            assert!(lines.write(format!("{line}\n").into_bytes()));
        }
        drop((lines, clone));
    }
    let written = fs::read_to_string(&path).unwrap();
    assert_eq!(written.lines().count(), 2000);
    assert_eq!(written.lines().last(), Some("999"));
}

/// After the file was moved away lines go to a new one, and if that cannot be made to the old one on.
#[test]
fn a_file_is_opened_anew() {
    let directory = tempfile::tempdir().unwrap();
    let (path, moved) = (directory.path().join("log"), directory.path().join("log.1"));
    let lines = LineWriter::file(&path).mode(0o600).build().unwrap();
    lines.write(b"before\n".to_vec());
    assert!(lines.flush(PATIENCE));
    fs::rename(&path, &moved).unwrap();
    lines.write(b"still there\n".to_vec());
    assert!(lines.flush(PATIENCE));
    lines.reopen();
    lines.write(b"after\n".to_vec());
    assert!(lines.flush(PATIENCE));
    assert_eq!(fs::read(&moved).unwrap(), b"before\nstill there\n");
    assert_eq!(fs::read(&path).unwrap(), b"after\n");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    fs::rename(&path, &moved).unwrap();
    fs::create_dir(&path).unwrap();
    lines.reopen();
    lines.write(b"nowhere else\n".to_vec());
    assert!(lines.flush(PATIENCE));
    assert_eq!(fs::read(&moved).unwrap(), b"after\nnowhere else\n");
    assert!(LineWriter::file(&path).build().is_err());
}

/// A channel has the same bound and no thread.
#[tokio::test]
async fn a_channel_takes_lines() {
    let (lines, mut received) = LineWriter::channel(1);
    assert!(lines.write(b"one\n".to_vec()));
    assert!(!lines.write(b"two\n".to_vec()));
    assert_eq!(lines.dropped(), 1);
    assert_eq!(received.recv().await.unwrap(), b"one\n");
    assert!(lines.flush(Duration::ZERO));
    drop(lines);
    assert!(received.recv().await.is_none());
}
