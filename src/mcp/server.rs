//! The server: what the SDK asks of it, answered from the catalogue, the tools and the jobs.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use futures::FutureExt;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CancelTaskParams, GetPromptRequestParams,
    GetPromptResponse, GetTaskParams, GetTaskResult, Implementation, InitializeRequestParams,
    InitializeResult, ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult,
    ListToolsResult, PaginatedRequestParams, ReadResourceRequestParams, ReadResourceResponse,
    ServerCapabilities, ServerConfig, UpdateTaskParams,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler};

use super::arguments::Arguments;
use super::call::Call;
use super::fault::{Fault, quoted};
use super::shared::Shared;
use super::{catalogue, prompts, resources, tasks, tools};

/// The SDK's view of the server.
#[derive(Clone)]
pub(super) struct Server {
    pub(super) shared: Arc<Shared>,
}

/// What the model reads before all tools; Codex shows it as the description of their namespace.
const INSTRUCTIONS: &str = "\
Second opinions from Claude Opus, read-only. A consult takes minutes and costs dollars: ask when a \
hard question is worth it, with the whole context in the prompt. Each is a job that outlives the call: \
if consult answers mode \"background\", go on with consult_wait and never repeat the question.";

impl Server {
    async fn run(&self, request: CallToolRequestParams, call: Call) -> CallToolResponse {
        let mut arguments = Arguments::new(request.arguments);
        let (format, refused) = arguments.format();
        let name = request.name;
        let body = async {
            match refused {
                Some(fault) => Err(fault),
                None => tools::run(&name, arguments, format, &call).await,
            }
        };
        // A defect in one tool is one failed call and not the end of everyone's.
        let done = AssertUnwindSafe(body).catch_unwind().await;
        let done = done.unwrap_or_else(|_| Err(Fault::internal("the tool broke off inside")));
        match done {
            Ok(tools::Done::Shown(document, text)) => format.result(document, text, false).into(),
            Ok(tools::Done::Task(task)) => CallToolResponse::Task(*task),
            Err(fault) => {
                let generation = self.shared.generation;
                self.shared.note_fault(fault.noted(&name, generation));
                let document = fault.document(&name, generation);
                format.result(document, fault.porcelain(&name, generation), true).into()
            }
        }
    }
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder()
            .enable_tools()
            .enable_resources()
            .enable_prompts()
            .enable_tasks()
            .build();
        let own = Implementation::new("phone_opus", env!("CARGO_PKG_VERSION"))
            .with_title("phone-opus: second opinions from Claude Opus");
        ServerConfig::new(capabilities).with_server_info(own).with_instructions(INSTRUCTIONS)
    }

    async fn initialize(
        &self,
        request: InitializeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<InitializeResult, ErrorData> {
        if self.shared.initialized.swap(true, Ordering::Relaxed) {
            return Err(ErrorData::invalid_request("this session is initialized already", None));
        }
        let mut result = self.negotiate_initialize(&request)?;
        // What older revisions call tasks is something else.
        result.capabilities.extensions = None;
        let mut client = request;
        client.protocol_version = result.protocol_version.clone();
        context.peer.set_peer_info(client.clone());
        *self.shared.client.lock().unwrap_or_else(PoisonError::into_inner) = Some(client);
        Ok(result)
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(catalogue::tools()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        if !catalogue::NAMES.contains(&&*request.name) {
            let message = format!("there is no tool {}", quoted(&(*request.name).into()));
            return Err(ErrorData::invalid_params(message, None));
        }
        let call = Call::new(Arc::clone(&self.shared), context);
        Ok(self.run(request, call).await)
    }

    async fn list_prompts(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        Ok(ListPromptsResult::with_all_items(prompts::list()))
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        prompts::get(&request).map(Into::into)
    }

    async fn list_resources(
        &self,
        _: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let call = Call::new(Arc::clone(&self.shared), context);
        resources::list(&call).await.map(ListResourcesResult::with_all_items)
    }

    async fn list_resource_templates(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        Ok(ListResourceTemplatesResult::with_all_items(resources::templates()))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let call = Call::new(Arc::clone(&self.shared), context);
        resources::read(&request.uri, &call).await.map(Into::into)
    }

    async fn get_task(
        &self,
        request: GetTaskParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetTaskResult, ErrorData> {
        tasks::refuse_legacy(&context)?;
        let call = Call::new(Arc::clone(&self.shared), context);
        tasks::get(&request.task_id, &call).await
    }

    async fn update_task(
        &self,
        request: UpdateTaskParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        tasks::refuse_legacy(&context)?;
        let call = Call::new(Arc::clone(&self.shared), context);
        // A job never asks for anything, so there is nothing that an answer could be to.
        tasks::get(&request.task_id, &call).await.map(|_| ())
    }

    async fn cancel_task(
        &self,
        request: CancelTaskParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        tasks::refuse_legacy(&context)?;
        let call = Call::new(Arc::clone(&self.shared), context);
        tasks::cancel(&request.task_id, &call).await
    }
}
