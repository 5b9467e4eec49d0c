//! A small disk of a story's own, which can be filled up and made read-only.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A file system in memory. Unmounted when dropped.
pub struct Disk {
    folder: TempDir,
}

impl Disk {
    /// Mounts one of so many MiB. `None`, and a word about it, where that is not permitted: it takes root.
    pub fn mount(story: &str, mebibytes: u32) -> Option<Self> {
        let disk = Self { folder: TempDir::new().unwrap() };
        let size = format!("size={mebibytes}m,mode=0700");
        if disk.mounts(&["-t", "tmpfs", "-o", &size, "tillbridge-test"]) {
            return Some(disk);
        }
        eprintln!("left out: {story} needs to mount a small file system, which is root's to do");
        None
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Somebody fills it to the last byte.
    pub fn fills_up(&self) {
        let mut filler = OpenOptions::new().create(true).append(true).open(self.filler()).unwrap();
        for bytes in [vec![1; 64 * 1024], vec![1; 1]] {
            while filler.write_all(&bytes).is_ok() {}
        }
    }

    /// Room is made again.
    pub fn has_room_again(&self) {
        std::fs::remove_file(self.filler()).unwrap();
    }

    /// From now on nobody can write to it. Nobody may have a file open for writing.
    pub fn becomes_read_only(&self) {
        assert!(self.mounts(&["-o", "remount,ro"]));
    }

    /// It takes writes again.
    pub fn becomes_writable(&self) {
        assert!(self.mounts(&["-o", "remount,rw"]));
    }

    fn filler(&self) -> PathBuf {
        self.path().join("filler")
    }

    fn mounts(&self, arguments: &[&str]) -> bool {
        let mut mount = Command::new("mount");
        mount.args(arguments).arg(self.path()).stderr(Stdio::null());
        mount.status().is_ok_and(|status| status.success())
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: a story that failed may still have files open in it.
        let _ = Command::new("umount").arg("-l").arg(self.path()).stderr(Stdio::null()).status();
    }
}
