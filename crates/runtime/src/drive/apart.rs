//! Work that has a thread of its own.

use std::future::Future;
use tokio::{
    runtime::{Handle, RuntimeFlavor},
    sync::oneshot,
    task::JoinHandle,
};

/// Carries out what keeps time on a thread of its own, where tokio has several: among its tasks each turn would come after whatever hundreds
/// of clients ask, and be sixty a second. Aborting what is answered ends it, and so does the end of the runtime. Within one thread (tests)
/// it is a task like the others.
///
/// # Errors
/// If the system gives no thread.
pub(super) fn apart(name: &str, work: impl Future<Output = ()> + Send + 'static) -> std::io::Result<JoinHandle<()>> {
    let runtime = Handle::current();
    if runtime.runtime_flavor() == RuntimeFlavor::CurrentThread {
        return Ok(runtime.spawn(work));
    }
    let (work, end) = futures::future::abortable(work);
    let (over, ended) = oneshot::channel::<()>();
    let within = runtime.clone();
    std::thread::Builder::new().name(name.to_owned()).spawn(move || {
        // Whether it came to its end or was ended is the same to everybody.
        let _ = within.block_on(work);
        drop(over);
    })?;
    let end = EndWith(end);
    Ok(runtime.spawn(async move {
        let _end = end;
        drop(ended.await);
    }))
}

/// Ends what goes on elsewhere when it goes.
struct EndWith(futures::future::AbortHandle);

impl Drop for EndWith {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests {
    use super::apart;
    use std::{sync::mpsc, thread};
    use tokio::{runtime::Runtime, sync::oneshot};

    /// Tells when it goes.
    struct Tell(mpsc::Sender<()>);

    impl Drop for Tell {
        fn drop(&mut self) {
            let _ = self.0.send(());
        }
    }

    #[test]
    fn it_has_its_turn_while_every_thread_of_tokio_is_held_and_ends_with_them() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let (name, named) = mpsc::channel();
        let (gone, ended) = mpsc::channel();
        let (held, hold) = mpsc::channel::<()>();
        runtime.block_on(async {
            let (began, begun) = oneshot::channel();
            tokio::spawn(async move {
                began.send(()).unwrap();
                // The one thread there is.
                let _ = hold.recv();
            });
            begun.await.unwrap();
            let tell = Tell(gone);
            let work = async move {
                let _tell = tell;
                name.send(thread::current().name().map(str::to_owned)).unwrap();
                std::future::pending().await
            };
            drop(apart("time", work).unwrap());
        });
        assert_eq!(named.recv().unwrap().as_deref(), Some("time"));
        drop(held);
        drop(runtime);
        ended.recv().unwrap();
    }

    #[test]
    fn aborting_ends_it() {
        let runtime = Runtime::new().unwrap();
        let (gone, ended) = mpsc::channel();
        let tell = Tell(gone);
        let work = async move {
            let _tell = tell;
            std::future::pending().await
        };
        let within = runtime.enter();
        apart("time", work).unwrap().abort();
        drop(within);
        ended.recv().unwrap();
    }
}
