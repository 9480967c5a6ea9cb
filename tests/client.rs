//! A small Jupyter front end: starts a kernel, runs cells and sees what comes back.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use jupyter_protocol::{
    ConnectionInfo, ExecuteRequest, ExecutionState, JupyterMessage, JupyterMessageContent,
    KernelInfoRequest, ShutdownRequest, Transport,
};
use jupyter_zmq_client::{
    ClientControlConnection, ClientIoPubConnection, ClientShellConnection,
    create_client_control_connection, create_client_iopub_connection,
    create_client_shell_connection_with_identity, peek_ports, peer_identity_for_session,
};
use tokio::runtime::Runtime;
use tokio::time::timeout;

/// The longest that any single answer may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// A running kernel and the sockets to it.
pub struct Client {
    child: Child,
    runtime: Runtime,
    shell: ClientShellConnection,
    control: ClientControlConnection,
    iopub: ClientIoPubConnection,
    started: Duration,
    _folder: tempfile::TempDir,
}

/// What running one cell gave.
#[derive(Debug)]
pub struct Execution {
    /// What the cell showed, status messages left out, in order.
    pub outputs: Vec<JupyterMessageContent>,
    /// From the request to the kernel's `idle`.
    pub elapsed: Duration,
}

impl Client {
    /// Starts `command` with a connection file as its last argument, and waits until it answers `kernel_info_request`.
    ///
    /// # Panics
    /// If the kernel does not start.
    pub fn start(command: Command) -> Client {
        let runtime = runtime();
        let info = runtime.block_on(connection_info());
        let folder = tempfile::tempdir().expect("a temporary folder");
        Client::start_at(command, info, runtime, folder)
    }

    /// Starts `command` as [`start`](Client::start) does, with sockets in the file system: no other kernel can take
    /// their places.
    ///
    /// # Panics
    /// If the kernel does not start.
    pub fn start_in_files(command: Command) -> Client {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let info = ConnectionInfo {
            ip: folder.path().join("kernel").display().to_string(),
            transport: Transport::IPC,
            shell_port: 1,
            iopub_port: 2,
            stdin_port: 3,
            control_port: 4,
            hb_port: 5,
            key: uuid::Uuid::new_v4().to_string(),
            signature_scheme: "hmac-sha256".to_owned(),
            kernel_name: None,
        };
        Client::start_at(command, info, runtime(), folder)
    }

    fn start_at(
        mut command: Command,
        info: ConnectionInfo,
        runtime: Runtime,
        folder: tempfile::TempDir,
    ) -> Client {
        let file = folder.path().join("connection.json");
        std::fs::write(&file, serde_json::to_vec(&info).expect("JSON"))
            .expect("the connection file");

        let start = Instant::now();
        let child = command
            .arg(&file)
            .stdin(Stdio::null())
            .spawn()
            .expect("the kernel starts");
        let (shell, control, iopub) = runtime.block_on(connect(&info));
        let mut client = Client {
            child,
            runtime,
            shell,
            control,
            iopub,
            started: Duration::ZERO,
            _folder: folder,
        };
        client.wait_until_ready();
        client.started = start.elapsed();
        client
    }

    /// From the start of the process to its first answer.
    pub fn started(&self) -> Duration {
        self.started
    }

    /// The memory of the kernel process (not of the session) that is its own or shared with others, in MB.
    ///
    /// # Panics
    /// If the system does not say.
    pub fn megabytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))
            .expect("the kernel runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
        let kilobytes: u64 = kilobytes
            .and_then(|number| number.trim().parse().ok())
            .expect("VmRSS in kB");
        kilobytes / 1024
    }

    /// Runs `code` and waits for the kernel's `idle`.
    ///
    /// # Panics
    /// If the kernel does not answer.
    pub fn execute(&mut self, code: &str) -> Execution {
        let request: JupyterMessage = ExecuteRequest {
            user_expressions: Some(Default::default()),
            ..ExecuteRequest::new(code.to_owned())
        }
        .into();
        let id = request.header.msg_id.clone();
        let (shell, iopub) = (&mut self.shell, &mut self.iopub);
        self.runtime.block_on(async move {
            let start = Instant::now();
            shell
                .send(request)
                .await
                .expect("the kernel takes the request");
            let mut outputs = Vec::new();
            let elapsed = loop {
                let Ok(message) = timeout(PATIENCE, iopub.read())
                    .await
                    .expect("the kernel answers")
                else {
                    continue;
                };
                if message
                    .parent_header
                    .as_ref()
                    .is_none_or(|parent| parent.msg_id != id)
                {
                    continue;
                }
                match message.content {
                    JupyterMessageContent::Status(status)
                        if status.execution_state == ExecutionState::Idle =>
                    {
                        break start.elapsed();
                    }
                    JupyterMessageContent::Status(_) | JupyterMessageContent::ExecuteInput(_) => {}
                    content => outputs.push(content),
                }
            };
            while shell
                .read()
                .await
                .is_ok_and(|reply| reply.parent_header.is_none_or(|parent| parent.msg_id != id))
            {
            }
            Execution { outputs, elapsed }
        })
    }

    fn wait_until_ready(&mut self) {
        let (shell, iopub) = (&mut self.shell, &mut self.iopub);
        self.runtime.block_on(async {
            loop {
                shell
                    .send(KernelInfoRequest {}.into())
                    .await
                    .expect("the kernel takes the request");
                let idle = async {
                    while !matches!(
                        iopub.read().await,
                        Ok(JupyterMessage { content: JupyterMessageContent::Status(status), .. })
                            if status.execution_state == ExecutionState::Idle
                    ) {}
                };
                if timeout(Duration::from_secs(1), idle).await.is_ok() {
                    return;
                }
            }
        });
    }

    /// Sends `code` and waits until it has printed something, not until it has ended.
    ///
    /// # Panics
    /// If the kernel does not answer.
    pub fn begin(&mut self, code: &str) {
        let (shell, iopub) = (&mut self.shell, &mut self.iopub);
        let request: JupyterMessage = ExecuteRequest::new(code.to_owned()).into();
        self.runtime.block_on(async move {
            shell
                .send(request)
                .await
                .expect("the kernel takes the request");
            let printed = async {
                while !matches!(
                    iopub.read().await,
                    Ok(JupyterMessage {
                        content: JupyterMessageContent::StreamContent(_),
                        ..
                    })
                ) {}
            };
            timeout(PATIENCE, printed).await.expect("the cell prints");
        });
    }

    /// The number of the kernel process.
    pub fn process_id(&self) -> u32 {
        self.child.id()
    }

    /// Asks the kernel to end and waits until it has; whether it replied.
    pub fn shutdown(mut self) -> bool {
        let control = &mut self.control;
        let replied = self.runtime.block_on(async {
            let request = ShutdownRequest { restart: false };
            control.send(request.into()).await.is_ok()
                && matches!(
                    timeout(Duration::from_secs(10), control.read()).await,
                    Ok(Ok(JupyterMessage {
                        content: JupyterMessageContent::ShutdownReply(_),
                        ..
                    }))
                )
        });
        if !replied {
            self.child.kill().ok();
        }
        self.child.wait().expect("the kernel was started here");
        replied
    }
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a tokio runtime")
}

async fn connection_info() -> ConnectionInfo {
    let ports = peek_ports([127, 0, 0, 1].into(), 5)
        .await
        .expect("free ports");
    ConnectionInfo {
        ip: "127.0.0.1".to_owned(),
        transport: Transport::TCP,
        shell_port: ports[0],
        iopub_port: ports[1],
        stdin_port: ports[2],
        control_port: ports[3],
        hb_port: ports[4],
        key: uuid::Uuid::new_v4().to_string(),
        signature_scheme: "hmac-sha256".to_owned(),
        kernel_name: None,
    }
}

/// Connects to a kernel that is starting: again until its sockets are there.
async fn connect(
    info: &ConnectionInfo,
) -> (
    ClientShellConnection,
    ClientControlConnection,
    ClientIoPubConnection,
) {
    let session = uuid::Uuid::new_v4().to_string();
    let connected = async {
        loop {
            let identity =
                peer_identity_for_session(&session).expect("a session id is a valid identity");
            let iopub = create_client_iopub_connection(info, "", &session).await;
            let shell =
                create_client_shell_connection_with_identity(info, &session, identity).await;
            let control = create_client_control_connection(info, &session).await;
            if let (Ok(shell), Ok(control), Ok(iopub)) = (shell, control, iopub) {
                return (shell, control, iopub);
            }
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, connected)
        .await
        .expect("the kernel binds its sockets")
}
