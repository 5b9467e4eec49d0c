//! A PostgreSQL and a RabbitMQ of a story's own, which it may stop: from installed programs, as `./tests/run` starts them for everybody.
//!
//! Their data lies in a temporary folder and goes with them. PostgreSQL refuses to run as root, so root runs both as somebody else.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::process::free_address;

/// Where Debian and Ubuntu keep the programs; elsewhere they are looked for in the path.
const POSTGRES: &str = "/usr/lib/postgresql";
const RABBITMQ: &str = "/usr/lib/rabbitmq/bin";
/// For a server to answer.
const STARTS_WITHIN: Duration = Duration::from_secs(120);

/// A PostgreSQL server.
pub struct OwnPostgres {
    programs: PathBuf,
    folder: Folder,
    port: u16,
}

impl OwnPostgres {
    /// Starts one; `None` where the programs are not installed.
    pub async fn start() -> Option<Self> {
        let programs = newest(Path::new(POSTGRES)).or_else(|| in_path("initdb"))?;
        let server = Self { programs, folder: Folder::new(), port: free_address().port() };
        let data = server.data();
        server
            .program("initdb", &["-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"])
            .await;
        // What is stopped is the process, not the machine: the system keeps what was written and not forced to disk.
        let settings = format!(
            "listen_addresses = '127.0.0.1'\nunix_socket_directories = '{}'\nport = {}\nmax_connections = 300\nfsync = off\n",
            data.display(),
            server.port
        );
        let file = data.join("postgresql.conf");
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, text + &settings).unwrap();
        server.starts().await;
        Some(server)
    }

    /// Address of its database `postgres`; others may be made beside it.
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// Stops at once, without a last word to anybody; what was committed is found again by the next start.
    pub async fn stops_at_once(&self) {
        self.program("pg_ctl", &["stop", "-w", "-m", "immediate"]).await;
    }

    /// Starts and waits until it takes connections.
    pub async fn starts(&self) {
        let log = self.folder.path().join("postgres.log");
        let within = STARTS_WITHIN.as_secs().to_string();
        self.program("pg_ctl", &["start", "-w", "-t", &within, "-l", &log.display().to_string()]).await;
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("postgres")
    }

    async fn program(&self, name: &str, arguments: &[&str]) {
        let mut command = self.folder.command(&self.programs.join(name));
        command.arg("-D").arg(self.data()).args(arguments).stdin(Stdio::null()).stdout(Stdio::null());
        let status = tokio::process::Command::from(command).status().await.unwrap();
        assert!(status.success(), "{name} {}: {status}", arguments.join(" "));
    }
}

impl Drop for OwnPostgres {
    fn drop(&mut self) {
        let stop = ["stop", "-m", "immediate"];
        let mut command = self.folder.command(&self.programs.join("pg_ctl"));
        let _ = command.arg("-D").arg(self.data()).args(stop).stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
}

/// A RabbitMQ server with a port mapper of its own.
pub struct OwnRabbitMq {
    programs: PathBuf,
    folder: Folder,
    node: String,
    port: u16,
    mapper: u16,
    process: std::process::Child,
}

impl OwnRabbitMq {
    /// Starts one; `None` where the programs are not installed.
    pub async fn start() -> Option<Self> {
        // Debian's own command in /usr/sbin insists on the system's service account and folders; the program behind it does not.
        let usual = Path::new(RABBITMQ).join("rabbitmqctl").exists().then(|| PathBuf::from(RABBITMQ));
        let programs = usual.or_else(|| in_path("rabbitmqctl"))?;
        let folder = Folder::new();
        folder.write("plugins", "[].");
        // Alarms of the machine's memory or disk are none of the story's.
        folder.write("rabbitmq.conf", "disk_free_limit.absolute = 1MB\n");
        let (port, mapper) = (free_address().port(), free_address().port());
        let node = format!("tillbridge-{port}@localhost");
        let mut command = folder.command(Path::new("sh"));
        command.args(["-c", "epmd -port \"$ERL_EPMD_PORT\" -address 127.0.0.1 & exec \"$0\""]);
        command.arg(programs.join("rabbitmq-server")).envs(variables(folder.path(), &node, port, mapper));
        let said = std::fs::File::create(folder.path().join("said")).unwrap();
        command.stdin(Stdio::null()).stdout(said.try_clone().unwrap()).stderr(said);
        let process = std::os::unix::process::CommandExt::process_group(&mut command, 0).spawn().unwrap();
        let server = Self { programs, folder, node, port, mapper, process };
        server.answers().await;
        Some(server)
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("amqp://guest:guest@127.0.0.1:{}/%2f", self.port)
    }

    /// `rabbitmqctl stop_app`: every connection ends, what is in queues stays.
    pub async fn stops(&self) {
        self.control("stop_app").await;
    }

    /// `rabbitmqctl start_app`, until it takes connections.
    pub async fn starts(&self) {
        self.control("start_app").await;
        self.answers().await;
    }

    async fn control(&self, order: &str) {
        let mut command = self.folder.command(&self.programs.join("rabbitmqctl"));
        command.arg(order).envs(variables(self.folder.path(), &self.node, self.port, self.mapper));
        command.stdin(Stdio::null());
        let output = tokio::process::Command::from(command).output().await.unwrap();
        assert!(output.status.success(), "rabbitmqctl {order}: {}", String::from_utf8_lossy(&output.stderr));
    }

    async fn answers(&self) {
        let until = Instant::now() + STARTS_WITHIN;
        while TcpStream::connect(("127.0.0.1", self.port)).await.is_err() {
            let said = || std::fs::read_to_string(self.folder.path().join("said")).unwrap_or_default();
            assert!(Instant::now() < until, "RabbitMQ does not start: {}", said());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

impl Drop for OwnRabbitMq {
    fn drop(&mut self) {
        // The group holds the port mapper as well.
        let group = format!("-{}", self.process.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
        let _ = self.process.wait();
    }
}

/// All a node and its tool need to know, in place of what a machine's own service is configured with.
fn variables(folder: &Path, node: &str, port: u16, mapper: u16) -> Vec<(&'static str, String)> {
    let of = |name: &str| folder.join(name).display().to_string();
    vec![
        ("HOME", folder.display().to_string()),
        ("LANG", "C.UTF-8".to_owned()),
        ("ERL_EPMD_PORT", mapper.to_string()),
        ("ERL_EPMD_ADDRESS", "127.0.0.1".to_owned()),
        ("RABBITMQ_NODENAME", node.to_owned()),
        ("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1".to_owned()),
        ("RABBITMQ_NODE_PORT", port.to_string()),
        ("RABBITMQ_DIST_PORT", free_address().port().to_string()),
        ("RABBITMQ_MNESIA_BASE", of("mnesia")),
        ("RABBITMQ_LOG_BASE", of("log")),
        ("RABBITMQ_ENABLED_PLUGINS_FILE", of("plugins")),
        ("RABBITMQ_CONFIG_FILE", of("rabbitmq")),
        ("RABBITMQ_ADVANCED_CONFIG_FILE", of("none")),
        ("RABBITMQ_CONF_ENV_FILE", of("none")),
        ("RABBITMQ_GENERATED_CONFIG_DIR", of("generated")),
        ("RABBITMQ_PID_FILE", of("pid")),
    ]
}

/// A temporary folder that belongs to whoever the servers run as.
struct Folder {
    folder: TempDir,
    /// User and group, when it is not ourselves.
    as_whom: Option<(u32, u32)>,
}

impl Folder {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let as_whom = (number("id", &["-u"]) == Some(0)).then(|| {
            let users = ["postgres", "rabbitmq", "nobody"];
            let known =
                users.into_iter().find_map(|user| Some((number("id", &["-u", user])?, number("id", &["-g", user])?)));
            known.expect("one of the users postgres, rabbitmq and nobody")
        });
        let made = Self { folder, as_whom };
        made.give(made.path());
        made
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        std::fs::write(&path, text).unwrap();
        self.give(&path);
    }

    fn give(&self, path: &Path) {
        if let Some((user, group)) = self.as_whom {
            std::os::unix::fs::chown(path, Some(user), Some(group)).unwrap();
        }
    }

    /// A program that runs as the folder's owner, with nothing of our environment but the path.
    fn command(&self, program: &Path) -> Command {
        let mut command = match self.as_whom {
            Some((user, group)) => {
                let mut command = Command::new("setpriv");
                command.args(["--reuid", &user.to_string(), "--regid", &group.to_string(), "--clear-groups", "--"]);
                command.arg(program);
                command
            }
            None => Command::new(program),
        };
        let path = std::env::var("PATH").unwrap_or_default();
        command.env_clear().env("PATH", format!("{path}:/usr/sbin:/sbin")).current_dir(self.path());
        command
    }
}

/// What a program says, if it is a number.
fn number(program: &str, arguments: &[&str]) -> Option<u32> {
    let output = Command::new(program).args(arguments).stderr(Stdio::null()).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

/// The programs of the newest version installed in a folder of versions.
fn newest(versions: &Path) -> Option<PathBuf> {
    let entries = std::fs::read_dir(versions).ok()?.filter_map(Result::ok);
    let version = |path: &PathBuf| path.file_name()?.to_str()?.parse::<u32>().ok();
    let found = entries.map(|entry| entry.path()).filter(|path| path.join("bin/initdb").exists());
    found.max_by_key(version).map(|path| path.join("bin"))
}

/// The folder of the path in which a program is.
fn in_path(program: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?).find(|folder| folder.join(program).exists())
}
