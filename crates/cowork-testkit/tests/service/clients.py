"""The official clients against the service at sys.argv[1]: text, calls and their results, thinking, errors; streamed and not."""

import sys

import anthropic
import openai

URL = sys.argv[1]
SCHEMA = {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"], "additionalProperties": False}
SAID, FINAL = "I look. Ä€😀", "There are 2 files."


def check(name, got, wanted):
    if got != wanted:
        sys.exit(f"{name}: {got!r} is not {wanted!r}")
    print("ok", name)


def with_anthropic():
    client = anthropic.Anthropic(base_url=URL, api_key="k", max_retries=0)
    tools = [{"name": "list_folder", "description": "Lists.", "input_schema": SCHEMA}]
    thinking = {"type": "enabled", "budget_tokens": 1024}
    for streamed in (False, True):
        messages = [{"role": "user", "content": "look"}]
        ask = dict(model="mock-1", max_tokens=2048, messages=messages, tools=tools, thinking=thinking)

        def answer():
            if not streamed:
                return client.messages.create(**ask)
            with client.messages.stream(**ask) as stream:
                text = "".join(stream.text_stream)
                final = stream.get_final_message()
            check("anthropic stream text", text, "".join(b.text for b in final.content if b.type == "text"))
            return final

        first = answer()
        check("anthropic kinds", [b.type for b in first.content], ["thinking", "text", "tool_use", "tool_use"])
        check("anthropic text", first.content[1].text, SAID)
        check("anthropic stop", first.stop_reason, "tool_use")
        calls = [b for b in first.content if b.type == "tool_use"]
        check("anthropic input", [c.input for c in calls], [{"path": "a"}, {"path": "b \"quoted\""}])
        messages.append({"role": "assistant", "content": [b.model_dump(exclude_none=True) for b in first.content]})
        results = [{"type": "tool_result", "tool_use_id": c.id, "content": "one file"} for c in calls]
        messages.append({"role": "user", "content": results})
        last = answer()
        check("anthropic final", last.content[0].text, FINAL)
        check("anthropic usage", last.usage.output_tokens > 0 and last.usage.input_tokens > 0, True)
    count = client.messages.count_tokens(model="mock-1", messages=[{"role": "user", "content": "look"}])
    check("anthropic count", count.input_tokens > 0, True)
    check("anthropic models", [m.id for m in client.models.list()], ["mock-1"])
    for text, error in [("fail 429", anthropic.RateLimitError), ("fail 529", anthropic.InternalServerError),
                        ("fail 401", anthropic.AuthenticationError)]:
        try:
            client.messages.create(model="mock-1", max_tokens=9, messages=[{"role": "user", "content": text}])
            sys.exit(f"{text} is answered")
        except error as e:
            check(f"anthropic {text}", e.status_code, int(text[-3:]))
    try:
        with client.messages.stream(model="mock-1", max_tokens=9, messages=[{"role": "user", "content": "break"}]) as stream:
            for _ in stream:
                pass
        sys.exit("an error in a stream is not seen")
    except anthropic.APIStatusError as e:
        check("anthropic error in stream", e.body["error"]["type"], "overloaded_error")


def with_chat():
    client = openai.OpenAI(base_url=URL + "/v1", api_key="k", max_retries=0)
    tools = [{"type": "function", "function": {"name": "list_folder", "parameters": SCHEMA, "strict": True}}]
    for streamed in (False, True):
        messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "look"}]
        ask = dict(model="mock-1", messages=messages, tools=tools)

        def answer():
            if not streamed:
                return client.chat.completions.create(**ask)
            with client.chat.completions.stream(stream_options={"include_usage": True}, **ask) as stream:
                for _ in stream:
                    pass
                return stream.get_final_completion()

        first = answer().choices[0]
        check("chat text", first.message.content, SAID)
        check("chat finish", first.finish_reason, "tool_calls")
        calls = first.message.tool_calls
        check("chat arguments", [c.function.arguments for c in calls], ['{"path":"a"}', '{"path":"b \\"quoted\\""}'])
        dumped = [{"id": c.id, "type": "function", "function": {"name": c.function.name, "arguments": c.function.arguments}} for c in calls]
        messages.append({"role": "assistant", "content": first.message.content, "tool_calls": dumped})
        messages.extend({"role": "tool", "tool_call_id": c.id, "content": "one file"} for c in calls)
        last = answer()
        check("chat final", last.choices[0].message.content, FINAL)
        check("chat usage", last.usage.completion_tokens > 0, True)
    check("chat models", [m.id for m in client.models.list()], ["mock-1"])
    for text, error in [("fail 429", openai.RateLimitError), ("fail 503", openai.InternalServerError)]:
        try:
            client.chat.completions.create(model="mock-1", messages=[{"role": "user", "content": text}])
            sys.exit(f"{text} is answered")
        except error as e:
            check(f"chat {text}", e.status_code, int(text[-3:]))


def with_responses():
    client = openai.OpenAI(base_url=URL + "/v1", api_key="k", max_retries=0)
    tools = [{"type": "function", "name": "list_folder", "parameters": SCHEMA, "strict": True}]
    for streamed in (False, True):
        items = [{"role": "user", "content": "look"}]
        ask = dict(model="mock-1", input=items, tools=tools, store=False, include=["reasoning.encrypted_content"])

        def answer():
            if not streamed:
                return client.responses.create(**ask)
            with client.responses.stream(**ask) as stream:
                text = "".join(e.delta for e in stream if e.type == "response.output_text.delta")
                final = stream.get_final_response()
            check("responses stream text", text, final.output_text)
            return final

        first = answer()
        check("responses kinds", [i.type for i in first.output], ["reasoning", "message", "function_call", "function_call"])
        check("responses text", first.output_text, SAID)
        # What the helper for streams adds of its own is no part of the item.
        items.extend(i.model_dump(exclude_none=True, exclude={"parsed_arguments"}) for i in first.output if i.type != "message")
        items.insert(2, {"role": "assistant", "content": first.output_text})
        calls = [i for i in first.output if i.type == "function_call"]
        items.extend({"type": "function_call_output", "call_id": c.call_id, "output": "one file"} for c in calls)
        last = answer()
        check("responses final", last.output_text, FINAL)
        check("responses status", last.status, "completed")


with_anthropic()
with_chat()
with_responses()
