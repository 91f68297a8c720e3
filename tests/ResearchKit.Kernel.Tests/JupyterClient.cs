using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using NetMQ;
using NetMQ.Sockets;
using ResearchKit.Kernel.Jupyter;
using ResearchKit.Testing;

namespace ResearchKit.Kernel.Tests;

/// <summary>A front end over real sockets, and the kernel process it has started.</summary>
internal sealed class JupyterClient : IDisposable
{
    private const string Key = "a-key-of-the-test";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TemporaryFolder _folder = new();
    private readonly Wire _wire = new(Key);
    private readonly DealerSocket _shell = new();
    private readonly DealerSocket _control = new();
    private readonly DealerSocket _input = new();
    private readonly SubscriberSocket _published = new();
    private readonly RequestSocket _heartbeat = new();

    public JupyterClient(string language = "csharp", Func<string, Process>? start = null)
    {
        var ports = FreePorts(5);
        var fields = new JsonObject { ["ip"] = "127.0.0.1", ["key"] = Key, ["transport"] = "tcp", ["signature_scheme"] = "hmac-sha256", ["shell_port"] = ports[0], ["iopub_port"] = ports[1], ["stdin_port"] = ports[2], ["control_port"] = ports[3], ["hb_port"] = ports[4] };
        File.WriteAllText(_folder.File("connection.json"), fields.ToJsonString());
        Process = start is null ? KernelProcess.Start("kernel", _folder.File("connection.json"), "--language", language) : start(_folder.File("connection.json"));
        // One identity for shell and stdin: so a kernel finds whom to ask.
        _shell.Options.Identity = _input.Options.Identity = "front-end"u8.ToArray();
        _shell.Connect($"tcp://127.0.0.1:{ports[0]}");
        _published.Connect($"tcp://127.0.0.1:{ports[1]}");
        _published.SubscribeToAnyTopic();
        _input.Connect($"tcp://127.0.0.1:{ports[2]}");
        _control.Connect($"tcp://127.0.0.1:{ports[3]}");
        _heartbeat.Connect($"tcp://127.0.0.1:{ports[4]}");
        // What is published before the subscription has arrived is lost: ask until an answer is seen on both sockets.
        for (var clock = Stopwatch.StartNew(); ; )
        {
            Assert.True(clock.Elapsed < Patience, "the kernel did not answer");
            Assert.False(Process.HasExited, "the kernel has ended");
            Info = Ask("kernel_info_request", []).Content;
            if (Published(TimeSpan.FromMilliseconds(300)) is not null) break;
        }

        while (Published(TimeSpan.FromMilliseconds(200)) is not null)
        {
        }
    }

    public Process Process { get; }

    public JsonObject Info { get; }

    /// <summary>Sends a request on the shell channel, and does not wait.</summary>
    /// <returns>Id of the request.</returns>
    public string Send(string type, JsonObject content, Wire? wire = null) => Send(_shell, type, content, wire ?? _wire);

    /// <summary>Sends a request on the control channel and waits for its answer.</summary>
    public WireMessage Control(string type, JsonObject content)
    {
        Send(_control, type, content, _wire);
        return Receive(_control, Patience) ?? throw new TimeoutException($"No answer to {type}.");
    }

    /// <summary>Sends a request on the shell channel and waits for its answer.</summary>
    public WireMessage Ask(string type, JsonObject content)
    {
        Send(type, content);
        return Reply();
    }

    /// <summary>The next answer on the shell channel.</summary>
    public WireMessage Reply() => Receive(_shell, Patience) ?? throw new TimeoutException("No answer.");

    /// <summary>The next published message; null when none comes in time.</summary>
    public WireMessage? Published(TimeSpan limit) => Receive(_published, limit);

    /// <summary>Sends code without waiting, with metadata as a front end that knows the cell's sends it.</summary>
    public string Execute(string code, bool allowInput = false, JsonObject? metadata = null) => Send(_shell, "execute_request", new JsonObject { ["code"] = code, ["silent"] = false, ["store_history"] = true, ["user_expressions"] = new JsonObject(), ["allow_stdin"] = allowInput, ["stop_on_error"] = true }, _wire, metadata);

    /// <summary>Runs code; gives its answer and what was published for it, up to the idle message.</summary>
    public (WireMessage Reply, List<WireMessage> Published) Run(string code, JsonObject? metadata = null)
    {
        var id = Execute(code, metadata: metadata);
        return (Reply(), Outputs(id));
    }

    /// <summary>What is published for a request, up to the idle message.</summary>
    public List<WireMessage> Outputs(string id)
    {
        var messages = new List<WireMessage>();
        while (Published(Patience) is { } message)
        {
            if ((string?)message.Parent["msg_id"] != id) continue;
            messages.Add(message);
            if (message.Type == "status" && (string?)message.Content["execution_state"] == "idle") return messages;
        }

        throw new TimeoutException("The kernel did not become idle.");
    }

    /// <summary>Answers the next question of a cell.</summary>
    /// <returns>The question.</returns>
    public string Answer(string value)
    {
        var question = Receive(_input, Patience) ?? throw new TimeoutException("No question.");
        Send(_input, "input_reply", new JsonObject { ["value"] = value }, _wire);
        return (string?)question.Content["prompt"] ?? "";
    }

    /// <summary>Whether the heartbeat comes back.</summary>
    public bool IsAlive()
    {
        _heartbeat.SendFrame("ping");
        return _heartbeat.TryReceiveFrameString(TimeSpan.FromSeconds(10), out var echo) && echo == "ping";
    }

    public void Dispose()
    {
        if (!Process.HasExited) Process.Kill(entireProcessTree: true);
        foreach (var socket in new NetMQSocket[] { _shell, _control, _input, _published, _heartbeat })
        {
            socket.Options.Linger = TimeSpan.Zero;
            socket.Dispose();
        }

        Process.Dispose();
        _folder.Dispose();
    }

    private static string Send(NetMQSocket socket, string type, JsonObject content, Wire wire, JsonObject? metadata = null)
    {
        var message = wire.Write([], type, content, null);
        if (metadata is not null)
        {
            // The kernel itself writes none: the frames are put together and signed here.
            byte[][] parts = [message[2].ToByteArray(), message[3].ToByteArray(), System.Text.Encoding.UTF8.GetBytes(metadata.ToJsonString()), message[5].ToByteArray()];
            message = new NetMQMessage([message[0], new NetMQFrame(wire.Sign(parts)), .. parts.Select(part => new NetMQFrame(part))]);
        }

        var id = (string)JsonNode.Parse(message[2].ToByteArray())!["msg_id"]!;
        socket.SendMultipartMessage(message);
        return id;
    }

    private WireMessage? Receive(NetMQSocket socket, TimeSpan limit)
    {
        var message = new NetMQMessage();
        if (!socket.TryReceiveMultipartMessage(limit, ref message)) return null;
        var read = _wire.Read([.. message.Select(frame => frame.ToByteArray())], out var problem);
        Assert.True(read is not null, problem);
        return read;
    }

    private static int[] FreePorts(int count)
    {
        var listeners = Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0)).ToList();
        listeners.ForEach(listener => listener.Start());
        int[] ports = [.. listeners.Select(listener => ((IPEndPoint)listener.LocalEndpoint).Port)];
        listeners.ForEach(listener => listener.Stop());
        return ports;
    }
}
