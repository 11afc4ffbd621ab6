//! The prompts that a person picks in a client: they lead the client's model to a good consult.

use rmcp::ErrorData;
use rmcp::model::{
    GetPromptRequestParams, GetPromptResult, Prompt, PromptArgument, PromptMessage, Role,
};

use super::fault::quoted;

const SECOND_OPINION: &str = "second_opinion";
const REVIEW_DIFF: &str = "review_diff";

pub(super) fn list() -> Vec<Prompt> {
    let argument = |name: &str, description: &str, required: bool| {
        PromptArgument::new(name).with_description(description).with_required(required)
    };
    vec![
        Prompt::new(
            SECOND_OPINION,
            Some("Ask Claude Opus for a second opinion on a question"),
            Some(vec![argument("question", "What you want a second opinion on", true)]),
        )
        .with_title("Second opinion"),
        Prompt::new(
            REVIEW_DIFF,
            Some("Ask Claude Opus to review the current change"),
            Some(vec![argument("revision", "Compare with this revision instead of HEAD", false)]),
        )
        .with_title("Review the current diff"),
    ]
}

pub(super) fn get(request: &GetPromptRequestParams) -> Result<GetPromptResult, ErrorData> {
    let argument = |name: &str| {
        let arguments = request.arguments.as_ref()?;
        arguments.get(name)?.as_str().map(str::trim).filter(|text| !text.is_empty())
    };
    let text = match request.name.as_str() {
        SECOND_OPINION => {
            let question = argument("question")
                .ok_or_else(|| ErrorData::invalid_params("question is missing", None))?;
            second_opinion(question)
        }
        REVIEW_DIFF => review_diff(argument("revision").unwrap_or("HEAD")),
        other => {
            let message = format!("there is no prompt {}", quoted(&other.into()));
            return Err(ErrorData::invalid_params(message, None));
        }
    };
    Ok(GetPromptResult::new(vec![PromptMessage::new_text(Role::User, text)]))
}

fn second_opinion(question: &str) -> String {
    format!(
        "Get a second opinion with the tool `consult` of phone_opus, with `cwd` set to this project. \
Put everything into its prompt that an expert who sees only the files needs: the question, what was \
tried, what you believe and how sure you are, and the paths that matter. If it answers with mode \
\"background\", go on with `consult_wait`. Then tell me where the answer agrees with you, where it \
does not, and what you would do now.\n\nThe question: {question}"
    )
}

fn review_diff(revision: &str) -> String {
    format!(
        "Run `git diff {revision}` and read it. Then have it reviewed with the tool `consult` of \
phone_opus, with `cwd` set to this project: put the diff, what it is for and what you are unsure of \
into the prompt, and ask for defects first, each with path and line. If it answers with mode \
\"background\", go on with `consult_wait`. Check each finding in the code before you report it to me."
    )
}
