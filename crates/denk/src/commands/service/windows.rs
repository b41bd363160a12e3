//! Services of Windows: what its service manager is told, and the program as the manager starts it.
//!
//! The one thing to know: the manager asks for a stop on a thread of its own; the rest of the program hears of it where it
//! hears of Ctrl+C.

use std::{
    ffi::{OsStr, OsString},
    path::Path,
    sync::{LazyLock, Mutex, PoisonError, mpsc},
    thread,
    time::Duration,
};

use serde_json::json;
use tokio::sync::{oneshot, watch};
use windows_service::{
    define_windows_service,
    service::{
        Service as Installed, ServiceAccess, ServiceAction, ServiceActionType, ServiceControl,
        ServiceControlAccept, ServiceErrorControl, ServiceExitCode, ServiceFailureActions,
        ServiceFailureResetPeriod, ServiceInfo, ServiceStartType, ServiceState, ServiceStatus, ServiceType,
    },
    service_control_handler::{self, ServiceControlHandlerResult, ServiceStatusHandle},
    service_dispatcher,
    service_manager::{ServiceManager, ServiceManagerAccess},
};

use super::{Service, failure, name, settings_path, shown};
use crate::{
    Context, Outcome,
    cli::{AgentArgs, ServeArgs, Served},
    commands::{agent, serve},
    failure::{Code, Failure, Result},
    messages::message,
};

/// Who may install services.
pub const HINT: &str = "service-windows-hint";
/// Who runs them unless somebody else is named.
const USER: &str = "LocalSystem";
/// Before a service that ended by mistake is started again.
const RESTART: Duration = Duration::from_secs(5);
/// Without a mistake for so long, mistakes are counted anew.
const FORGIVEN: Duration = Duration::from_hours(1);

/// `ERROR_INVALID_LEVEL`
const NO_SUCH_LEVEL: i32 = 124;
/// `ERROR_SERVICE_DOES_NOT_EXIST`
const NOT_THERE: i32 = 1060;
/// `ERROR_SERVICE_NOT_ACTIVE`
const NOT_ACTIVE: i32 = 1062;

/// Far longer than a service takes to start or stop; the manager tells nobody when it has.
const LOOKS: u32 = 600;
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

pub fn print(service: &Service, context: &Context) -> Result<Outcome> {
    let words: Vec<String> = [shown(&service.program)].into_iter().chain(service.arguments()).collect();
    context.output.answer(&json!({ "service": name(service.what), "command": words }));
    let quoted: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
    context.output.line(&quoted.join(" "));
    Ok(Outcome::Done)
}

pub fn install(service: &Service, context: &Context) -> Result<Outcome> {
    let name = name(service.what);
    let installed = register(service).map_err(|error| refused(&error))?;
    installed.start::<&OsStr>(&[]).map_err(|error| refused(&error))?;
    until(&installed, ServiceState::Running, "service-not-started-why", name)?;
    context.output.answer(&json!({ "service": name }));
    context.output.line(&context.text.say(&message("service-windows-installed").with("name", name)));
    Ok(Outcome::Done)
}

/// Installs it, or stops the one that is there and changes it.
fn register(service: &Service) -> windows_service::Result<Installed> {
    let access = ServiceManagerAccess::CONNECT | ServiceManagerAccess::CREATE_SERVICE;
    let manager = ServiceManager::local_computer(None::<&str>, access)?;
    let info = service.info();
    let access = ServiceAccess::CHANGE_CONFIG
        | ServiceAccess::START
        | ServiceAccess::STOP
        | ServiceAccess::QUERY_STATUS;
    let installed = match manager.open_service(&info.name, access) {
        Ok(installed) => {
            ask_to_stop(&installed)?;
            wait(&installed, ServiceState::Stopped)?;
            installed.change_config(&info)?;
            installed
        }
        Err(error) if code(&error) == Some(NOT_THERE) => manager.create_service(&info, access)?,
        Err(error) => return Err(error),
    };
    installed.set_description(service.about)?;
    match start_again(&installed) {
        // Wine knows no such thing: what ends by mistake stays ended there.
        Err(error) if code(&error) != Some(NO_SUCH_LEVEL) => Err(error),
        _ => Ok(installed),
    }
}

/// Has it started again whenever it ends by mistake.
fn start_again(installed: &Installed) -> windows_service::Result<()> {
    let restart = ServiceAction { action_type: ServiceActionType::Restart, delay: RESTART };
    installed.update_failure_actions(ServiceFailureActions {
        reset_period: ServiceFailureResetPeriod::After(FORGIVEN),
        reboot_msg: None,
        command: None,
        actions: Some(vec![restart]),
    })?;
    installed.set_failure_actions_on_non_crash_failures(true)
}

pub fn remove(what: Served, context: &Context) -> Result<Outcome> {
    let name = name(what);
    let access = ServiceAccess::STOP | ServiceAccess::QUERY_STATUS | ServiceAccess::DELETE;
    let manager = ServiceManager::local_computer(None::<&str>, ServiceManagerAccess::CONNECT);
    let installed = manager.and_then(|manager| manager.open_service(name, access));
    let installed = installed.map_err(|error| match code(&error) {
        Some(NOT_THERE) => {
            failure(message("service-none-why").with("file", name), message("service-none-hint"))
        }
        _ => refused(&error),
    })?;
    ask_to_stop(&installed).map_err(|error| refused(&error))?;
    until(&installed, ServiceState::Stopped, "service-not-stopped-why", name)?;
    installed.delete().map_err(|error| refused(&error))?;
    context.output.answer(&json!({ "service": name }));
    context.output.line(&context.text.say(&message("service-removed").with("name", name)));
    Ok(Outcome::Done)
}

impl Service {
    fn info(&self) -> ServiceInfo {
        ServiceInfo {
            name: name(self.what).into(),
            display_name: name(self.what).into(),
            service_type: ServiceType::OWN_PROCESS,
            start_type: ServiceStartType::AutoStart,
            error_control: ServiceErrorControl::Normal,
            executable_path: self.program.clone(),
            launch_arguments: self.arguments().map(OsString::from).collect(),
            dependencies: Vec::new(),
            account_name: Some(self.user.as_deref().unwrap_or(USER).into()),
            account_password: None,
        }
    }

    fn arguments(&self) -> impl Iterator<Item = String> {
        let what = match self.what {
            Served::Agent => "agent",
            Served::Hub => "hub",
        };
        let words = ["service", "run", what, "--folder"].map(str::to_owned);
        self.options.iter().cloned().chain(words).chain([shown(&self.folder)])
    }
}

fn ask_to_stop(installed: &Installed) -> windows_service::Result<()> {
    if installed.query_status()?.current_state == ServiceState::Stopped {
        return Ok(());
    }
    match installed.stop() {
        // It ended meanwhile.
        Err(error) if code(&error) != Some(NOT_ACTIVE) => Err(error),
        _ => Ok(()),
    }
}

/// Whether it came to this state.
fn wait(installed: &Installed, state: ServiceState) -> windows_service::Result<bool> {
    for _ in 0..LOOKS {
        let now = installed.query_status()?.current_state;
        if now == state || now == ServiceState::Stopped {
            return Ok(now == state);
        }
        thread::park_timeout(BETWEEN_LOOKS);
    }
    Ok(false)
}

fn until(installed: &Installed, state: ServiceState, why: &'static str, name: &str) -> Result<()> {
    if wait(installed, state).map_err(|error| refused(&error))? {
        return Ok(());
    }
    Err(failure(message(why).with("name", name), message("service-look-hint")))
}

fn refused(error: &windows_service::Error) -> Failure {
    failure(message("service-manager-why"), message(HINT)).caused_by(cause(error))
}

/// What Windows itself says.
fn cause(error: &windows_service::Error) -> &(dyn std::error::Error + 'static) {
    match error {
        windows_service::Error::Winapi(error) => error,
        error => error,
    }
}

fn code(error: &windows_service::Error) -> Option<i32> {
    match error {
        windows_service::Error::Winapi(error) => error.raw_os_error(),
        _ => None,
    }
}

/// Whether the manager asked for a stop.
static STOP: LazyLock<watch::Sender<bool>> = LazyLock::new(|| watch::Sender::new(false));
/// What [`main`] needs to know: the system calls it with nothing.
static STARTED: Mutex<Option<Started>> = Mutex::new(None);

/// Ends when the service manager asks for a stop.
pub(crate) async fn stop_asked() {
    // It is never dropped.
    let _ = STOP.subscribe().wait_for(|asked| *asked).await;
}

/// The service, until the manager stops it.
///
/// # Errors
/// Somebody else than the manager started it; what the agent or the hub says.
pub async fn run(what: Served, context: &Context) -> Result<Outcome> {
    let ((begun, has_begun), (tell, told)) = (oneshot::channel(), mpsc::channel());
    let started = Started { name: name(what), begun, tell: tell.clone(), told };
    STARTED.lock().unwrap_or_else(PoisonError::into_inner).replace(started);
    let mut dispatcher =
        tokio::task::spawn_blocking(move || service_dispatcher::start(name(what), system_main));
    tokio::select! {
        begun = has_begun => begun.map_err(|_| not_managed(None))?,
        refused = &mut dispatcher => return Err(not_managed(refused.ok().and_then(std::result::Result::err))),
    }
    let outcome = match what {
        Served::Agent => agent::run(&AgentArgs::default(), context).await,
        Served::Hub => serve::run(&ServeArgs::default(), context).await,
    };
    if let Err(failure) = &outcome {
        // A service has nobody who reads what it prints.
        match what {
            Served::Agent => {
                context.start_log_in(settings_path(context).parent().unwrap_or(Path::new(".")).join("logs"));
            }
            Served::Hub => context.start_log(),
        }
        tracing::error!("{}", failure.sentence(&context.text));
    }
    let exit = outcome.as_ref().map_or_else(Failure::exit, |outcome| outcome.exit());
    // The other end waits for it; the dispatcher ends when the manager knows.
    let _ = tell.send(Event::Ended(exit));
    let _ = dispatcher.await;
    outcome
}

fn not_managed(error: Option<windows_service::Error>) -> Failure {
    let hint = message("service-not-managed-hint");
    let failure =
        Failure::new(Code::Service, message("service-run-what"), message("service-not-managed-why"), hint);
    match error {
        Some(error) => failure.caused_by(cause(&error)),
        None => failure,
    }
}

define_windows_service!(system_main, main);

fn main(_arguments: Vec<OsString>) {
    let started = STARTED.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(Err(error)) = started.map(Started::serve) {
        tracing::error!(error = &error as &dyn std::error::Error, "the service manager does not answer");
    }
}

struct Started {
    name: &'static str,
    /// Told when the manager knows that the service runs.
    begun: oneshot::Sender<()>,
    tell: mpsc::Sender<Event>,
    told: mpsc::Receiver<Event>,
}

enum Event {
    StopAsked,
    /// With this exit code.
    Ended(u8),
}

impl Started {
    /// Tells the manager how the service stands, to its end.
    fn serve(self) -> windows_service::Result<()> {
        let tell = self.tell;
        let hear = move |control| match control {
            ServiceControl::Stop | ServiceControl::Shutdown => {
                STOP.send_replace(true);
                // Told in vain when the service has ended already.
                let _ = tell.send(Event::StopAsked);
                ServiceControlHandlerResult::NoError
            }
            ServiceControl::Interrogate => ServiceControlHandlerResult::NoError,
            _ => ServiceControlHandlerResult::NotImplemented,
        };
        let manager = service_control_handler::register(self.name, hear)?;
        tell_state(manager, ServiceState::Running, 0)?;
        // Nobody waits for it when the program is ending.
        let _ = self.begun.send(());
        for event in self.told {
            match event {
                Event::StopAsked => tell_state(manager, ServiceState::StopPending, 0)?,
                Event::Ended(exit) => return tell_state(manager, ServiceState::Stopped, exit),
            }
        }
        Ok(())
    }
}

fn tell_state(manager: ServiceStatusHandle, state: ServiceState, exit: u8) -> windows_service::Result<()> {
    let running = state == ServiceState::Running;
    let pending = state == ServiceState::StopPending;
    manager.set_service_status(ServiceStatus {
        service_type: ServiceType::OWN_PROCESS,
        current_state: state,
        controls_accepted: if running {
            ServiceControlAccept::STOP | ServiceControlAccept::SHUTDOWN
        } else {
            ServiceControlAccept::empty()
        },
        exit_code: match exit {
            0 => ServiceExitCode::Win32(0),
            exit => ServiceExitCode::ServiceSpecific(exit.into()),
        },
        checkpoint: 0,
        wait_hint: if pending { BETWEEN_LOOKS * LOOKS } else { Duration::ZERO },
        process_id: None,
    })
}
