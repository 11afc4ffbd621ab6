"""The official Python SDK as a client of `phone-opus mcp serve`, in each of its three modes.

    python tests/clients/sdk.py legacy|auto|2026-07-28 PROGRAM

Asks, polls, waits and lists, and fails where an answer is not what an agent needs. Which Claude Code
answers is the environment's business: PHONE_OPUS_CLAUDE_BIN and PHONE_OPUS_STATE_DIR.
"""

import asyncio
import os
import sys

from mcp import Client
from mcp.client.stdio import StdioServerParameters

TOOLS = [
    "consult",
    "consult_job",
    "consult_jobs",
    "consult_wait",
    "consult_cancel",
    "health_snapshot",
    "telemetry_snapshot",
]


async def ask(client, tool, **arguments):
    result = await client.call_tool(tool, {**arguments, "render": "json"})
    assert not result.is_error, result
    return result.structured_content


async def main(mode, program):
    server = StdioServerParameters(command=program, args=["mcp", "serve"], env=dict(os.environ))
    async with Client(server, mode=mode, read_timeout_seconds=60) as client:
        listed = await client.list_tools()
        assert [tool.name for tool in listed.tools] == TOOLS, listed

        answered = await ask(client, "consult", prompt="What is it?")
        assert answered["mode"] == "sync" and answered["response"], answered

        submitted = await ask(client, "consult", prompt="And that?", background=True)
        waited = await ask(client, "consult_wait", job_ids=[submitted["job_id"]])
        assert waited["finished"] == 1, waited
        job = await ask(client, "consult_job", job_id=submitted["job_id"])
        assert job["succeeded"] and job["result"]["response"], job
        jobs = await ask(client, "consult_jobs")
        assert jobs["count"] == 2, jobs

        refused = await client.call_tool("consult_job", {"job_id": "none"})
        assert refused.is_error and "invalid_input" in refused.content[0].text, refused

        prompts = await client.list_prompts()
        assert len(prompts.prompts) == 2, prompts
        resources = await client.list_resources()
        answer = await client.read_resource(resources.resources[0].uri)
        assert answer.contents[0].text, answer
    print(f"{mode}: all answers are right")


asyncio.run(main(*sys.argv[1:]))
