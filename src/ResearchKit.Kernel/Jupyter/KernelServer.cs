using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using ResearchKit.Core;
using ResearchKit.Kernel.Cells;
using ResearchKit.Notebooks.Engines;
using static System.FormattableString;

namespace ResearchKit.Kernel.Jupyter;

/// <summary>The kernel as Jupyter sees it: requests of the shell one after another on one thread, interrupt and shutdown on another at any time.</summary>
internal sealed class KernelServer : IDisposable
{
    private readonly KernelSockets _sockets;
    private readonly CellSession _session;
    private readonly string _language;
    private readonly BlockingCollection<(long Arrival, WireMessage Message)> _shell = [];
    private readonly BlockingCollection<WireMessage> _control = [];
    private readonly BlockingCollection<string> _answers = [];
    private readonly ManualResetEventSlim _ended = new();
    private long _arrivals;
    private long _abortedUpTo;
    private int _executionCount;

    /// <summary>Binds the sockets and makes the session.</summary>
    /// <param name="connection">Addresses and key.</param>
    /// <param name="language">Language of cells that name none.</param>
    public KernelServer(ConnectionFile connection, string language)
    {
        _session = new CellSession(language, Environment.CurrentDirectory);
        _language = language;
        _sockets = new KernelSockets(connection, Receive);
    }

    /// <summary>Serves until a front end asks for shutdown, the parent process goes, or the process is told to end.</summary>
    public void Serve()
    {
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => signal.Cancel = true);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal =>
        {
            signal.Cancel = true;
            _ended.Set();
        });
        _sockets.Start();
        _sockets.Publish("status", new JsonObject { ["execution_state"] = "starting" }, null);
        new Thread(ServeShell) { IsBackground = true, Name = "shell" }.Start();
        new Thread(ServeControl) { IsBackground = true, Name = "control" }.Start();
        _session.WarmUpInBackground();
        ParentWatch.Start(_ended.Set);
        _ended.Wait();
    }

    public void Dispose()
    {
        _sockets.Dispose();
        _session.Dispose();
    }

    private void Receive(Channel channel, WireMessage message)
    {
        switch (channel)
        {
            case Channel.Shell: _shell.Add((Interlocked.Increment(ref _arrivals), message)); break;
            case Channel.Control: _control.Add(message); break;
            case Channel.Input when message.Type == "input_reply": _answers.Add((string?)message.Content["value"] ?? ""); break;
        }
    }

    private void ServeShell()
    {
        foreach (var (arrival, message) in _shell.GetConsumingEnumerable()) Answer(Channel.Shell, message, () => AnswerShell(arrival, message));
    }

    private void ServeControl()
    {
        foreach (var message in _control.GetConsumingEnumerable()) Answer(Channel.Control, message, () => AnswerControl(Channel.Control, message));
    }

    private void Answer(Channel channel, WireMessage message, Action answer)
    {
        _sockets.Publish("status", new JsonObject { ["execution_state"] = "busy" }, message.Header);
        try
        {
            answer();
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            // A question about half-written code may find the compilers at a loss; the front end must get an answer all the same.
            _sockets.Reply(channel, message, message.Type.Replace("_request", "_reply", StringComparison.Ordinal),
                new JsonObject { ["status"] = "error", ["ename"] = error.GetType().Name, ["evalue"] = error.Message, ["traceback"] = new JsonArray() });
        }

        _sockets.Publish("status", new JsonObject { ["execution_state"] = "idle" }, message.Header);
    }

    private void AnswerControl(Channel channel, WireMessage message)
    {
        switch (message.Type)
        {
            case "interrupt_request":
                // Cells that wait behind the running one are not meant to start now.
                Interlocked.Exchange(ref _abortedUpTo, Interlocked.Read(ref _arrivals));
                _session.Interrupt();
                _sockets.Reply(channel, message, "interrupt_reply", new JsonObject { ["status"] = "ok" });
                break;
            case "shutdown_request":
                _sockets.Reply(channel, message, "shutdown_reply", new JsonObject { ["status"] = "ok", ["restart"] = (bool?)message.Content["restart"] ?? false });
                _ended.Set();
                break;
            case "kernel_info_request": _sockets.Reply(channel, message, "kernel_info_reply", KernelInfo.Content(_language)); break;
            default: Unknown(channel, message); break;
        }
    }

    private void AnswerShell(long arrival, WireMessage message)
    {
        var content = message.Content;
        switch (message.Type)
        {
            case "execute_request": Execute(arrival, message); break;
            case "complete_request": _sockets.Reply(Channel.Shell, message, "complete_reply", Complete((string?)content["code"] ?? "", (int?)content["cursor_pos"] ?? 0)); break;
            case "inspect_request": _sockets.Reply(Channel.Shell, message, "inspect_reply", Inspect((string?)content["code"] ?? "", (int?)content["cursor_pos"] ?? 0)); break;
            case "is_complete_request": _sockets.Reply(Channel.Shell, message, "is_complete_reply", IsComplete((string?)content["code"] ?? "")); break;
            case "history_request": _sockets.Reply(Channel.Shell, message, "history_reply", new JsonObject { ["status"] = "ok", ["history"] = new JsonArray() }); break;
            case "comm_info_request": _sockets.Reply(Channel.Shell, message, "comm_info_reply", new JsonObject { ["status"] = "ok", ["comms"] = new JsonObject() }); break;
            // There are no widgets: a comm that is opened is closed at once, as the protocol asks.
            case "comm_open": _sockets.Publish("comm_close", new JsonObject { ["comm_id"] = content["comm_id"]?.DeepClone(), ["data"] = new JsonObject() }, message.Header); break;
            case "comm_msg" or "comm_close": break;
            default: AnswerControl(Channel.Shell, message); break;
        }
    }

    private void Execute(long arrival, WireMessage message)
    {
        var content = message.Content;
        if (arrival <= Interlocked.Read(ref _abortedUpTo))
        {
            _sockets.Reply(Channel.Shell, message, "execute_reply", new JsonObject { ["status"] = "aborted", ["execution_count"] = _executionCount });
            return;
        }

        var code = (string?)content["code"] ?? "";
        var isSilent = (bool?)content["silent"] ?? false;
        if (!isSilent)
        {
            _executionCount++;
            _sockets.Publish("execute_input", new JsonObject { ["code"] = code, ["execution_count"] = _executionCount }, message.Header);
        }

        // Notebook 6 sends no cell id; the same text is then taken for the same cell.
        var name = (string?)message.Metadata["cellId"] ?? code;
        var sink = new JupyterSink(_sockets, message, (bool?)content["allow_stdin"] ?? false, _answers);
        var report = _session.Run(new CellRequest(code, CellText.LanguageOf(code) ?? CellText.LanguageOf(message.Metadata), name, _executionCount), sink);
        if (report.Error is { } error)
        {
            JsonObject Failure() => new() { ["ename"] = error.Name, ["evalue"] = error.Message, ["traceback"] = new JsonArray([.. error.Traceback.Select(line => (JsonNode)line)]) };
            if ((bool?)content["stop_on_error"] ?? true) Interlocked.Exchange(ref _abortedUpTo, Interlocked.Read(ref _arrivals));
            if (!isSilent) _sockets.Publish("error", Failure(), message.Header);
            var reply = Failure();
            (reply["status"], reply["execution_count"]) = ("error", _executionCount);
            _sockets.Reply(Channel.Shell, message, "execute_reply", reply);
            return;
        }

        if (report.Result is { } result && !isSilent)
        {
            _sockets.Publish("execute_result", new JsonObject { ["execution_count"] = _executionCount, ["data"] = result.ToJson(), ["metadata"] = new JsonObject() }, message.Header);
        }

        _sockets.Reply(Channel.Shell, message, "execute_reply", new JsonObject { ["status"] = "ok", ["execution_count"] = _executionCount, ["user_expressions"] = new JsonObject(), ["payload"] = new JsonArray() });
    }

    private JsonObject Complete(string code, int cursor)
    {
        var found = _session.Complete(code, CodePoints.ToOffset(code, cursor));
        return new JsonObject
        {
            ["status"] = "ok", ["matches"] = new JsonArray([.. found.Items.Select(item => (JsonNode)item.Text)]), ["cursor_start"] = CodePoints.FromOffset(code, found.Start), ["cursor_end"] = CodePoints.FromOffset(code, found.End),
            ["metadata"] = new JsonObject { ["_jupyter_types_experimental"] = new JsonArray([.. found.Items.Select(item => (JsonNode)new JsonObject { ["text"] = item.Text, ["type"] = item.Kind })]) },
        };
    }

    // The protocol has no message for diagnostics: what the compiler says of the line is shown with what the name is.
    private JsonObject Inspect(string code, int cursor)
    {
        var position = CodePoints.ToOffset(code, cursor);
        var line = code.AsSpan(0, position).Count('\n') + 1;
        var texts = new List<string>();
        if (_session.Describe(code, position) is { } description) texts.Add(description);
        texts.AddRange(_session.Check(code, position).Where(found => found.Line == line && found.Severity >= DiagnosticSeverity.Warning).Select(found => found.ToString()));
        var data = new JsonObject();
        if (texts.Count > 0) data["text/plain"] = string.Join('\n', texts);
        return new JsonObject { ["status"] = "ok", ["found"] = texts.Count > 0, ["data"] = data, ["metadata"] = new JsonObject() };
    }

    private JsonObject IsComplete(string code)
    {
        var completeness = _session.IsComplete(code);
        var reply = new JsonObject { ["status"] = completeness.ToString().ToLowerInvariant() };
        if (completeness == Completeness.Incomplete) reply["indent"] = "    ";
        return reply;
    }

    private void Unknown(Channel channel, WireMessage message)
    {
        if (!message.Type.EndsWith("_request", StringComparison.Ordinal)) return;
        _sockets.Reply(channel, message, message.Type.Replace("_request", "_reply", StringComparison.Ordinal), new JsonObject
        {
            ["status"] = "error", ["ename"] = "NotSupported", ["evalue"] = Invariant($"This kernel does not answer {message.Type}."), ["traceback"] = new JsonArray(),
        });
    }
}
