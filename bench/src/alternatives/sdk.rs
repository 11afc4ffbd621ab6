//! An MCP server as the SDK makes it, on its own transport: the same call, the same size of answer.

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ServerCapabilities,
    ServerConfig,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler, ServiceExt};

use crate::job::fold::Ending;
use crate::job::id::JobId;
use crate::journal::history;
use crate::journal::place::State;

/// Bytes of the answer where none is looked up; about what `consult_job` says of the same job.
const ANSWER_BYTES: usize = 6500;

#[derive(Clone)]
struct Server {
    state: Option<Arc<State>>,
}

/// Serves on the standard streams: by tokio's blocking threads, or with `pipes` by its reactor.
pub(crate) fn serve(pipes: bool, state: Option<PathBuf>) -> Result<(), Box<dyn Error>> {
    let state = state.map(|path| State::existing(&path, true)).transpose();
    let state = state.map_err(|error| error.to_string())?.flatten().map(Arc::new);
    let server = Server { state };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        if pipes {
            server.serve(rmcp::transport::io::stdio_pipes()).await?.waiting().await?;
        } else {
            server.serve(rmcp::transport::stdio()).await?.waiting().await?;
        }
        Ok(())
    })
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let state = self.state.clone();
        let text = match state {
            None => "x".repeat(ANSWER_BYTES),
            Some(state) => {
                let looked = tokio::task::spawn_blocking(move || look_up(&state, &request));
                looked.await.ok().flatten().unwrap_or_default()
            }
        };
        Ok(CallToolResult::success(vec![ContentBlock::text(text)]).into())
    }
}

fn look_up(state: &State, request: &CallToolRequestParams) -> Option<String> {
    let id = JobId::parse(request.arguments.as_ref()?.get("job_id")?.as_str()?)?;
    let job = history::job(state, id).ok()??;
    match job.ending? {
        Ending::Succeeded(data) => Some(data.reply.response),
        _ => None,
    }
}
