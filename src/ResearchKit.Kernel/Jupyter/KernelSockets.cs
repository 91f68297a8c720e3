using System.Text;
using System.Text.Json.Nodes;
using NetMQ;
using NetMQ.Sockets;
using ResearchKit.Core;

namespace ResearchKit.Kernel.Jupyter;

/// <summary>A channel on which requests come and replies go.</summary>
internal enum Channel
{
    /// <summary>Requests that wait for the running cell.</summary>
    Shell,

    /// <summary>Interrupt and shutdown, which do not.</summary>
    Control,

    /// <summary>Answers to questions of a cell.</summary>
    Input,
}

/// <summary>The five sockets of a kernel. Sockets belong to the poller's thread: everything that goes out passes through one queue, so its order is that of the calls.</summary>
internal sealed class KernelSockets : IDisposable
{
    private readonly Wire _wire;
    private readonly RouterSocket _shell = new();
    private readonly RouterSocket _control = new();
    private readonly RouterSocket _input = new();
    private readonly PublisherSocket _publish = new();
    private readonly ResponseSocket _heartbeat = new();
    private readonly NetMQQueue<(NetMQSocket Socket, NetMQMessage Message)> _outgoing = new();
    private readonly NetMQPoller _poller;
    private readonly Action<Channel, WireMessage> _received;

    /// <summary>Binds the sockets.</summary>
    /// <param name="connection">Addresses and key.</param>
    /// <param name="received">Told of every message whose signature is right, on the poller's thread: must return at once.</param>
    /// <exception cref="ConfigException">A port is taken.</exception>
    public KernelSockets(ConnectionFile connection, Action<Channel, WireMessage> received)
    {
        (_wire, _received) = (new Wire(connection.Key), received);
        // Nothing printed is dropped because a front end reads slowly; CellOutput bounds what a cell can print.
        _publish.Options.SendHighWatermark = 0;
        Bind(_shell, connection, connection.ShellPort);
        Bind(_control, connection, connection.ControlPort);
        Bind(_input, connection, connection.InputPort);
        Bind(_publish, connection, connection.PublishPort);
        Bind(_heartbeat, connection, connection.HeartbeatPort);
        _poller = [_shell, _control, _input, _heartbeat, _outgoing];
        _shell.ReceiveReady += (_, _) => Receive(Channel.Shell, _shell);
        _control.ReceiveReady += (_, _) => Receive(Channel.Control, _control);
        _input.ReceiveReady += (_, _) => Receive(Channel.Input, _input);
        _heartbeat.ReceiveReady += (_, _) => _heartbeat.SendMultipartMessage(_heartbeat.ReceiveMultipartMessage());
        _outgoing.ReceiveReady += (_, _) =>
        {
            while (_outgoing.TryDequeue(out var next, TimeSpan.Zero)) next.Socket.SendMultipartMessage(next.Message);
        };
    }

    /// <summary>Begins to receive and send, on a thread of its own.</summary>
    public void Start() => _poller.RunAsync("jupyter", isBackgroundThread: true);

    /// <summary>Answers a request.</summary>
    public void Reply(Channel channel, WireMessage request, string type, JsonObject content) =>
        _outgoing.Enqueue((channel == Channel.Control ? _control : _shell, _wire.Write(request.Identities, type, content, request.Header)));

    /// <summary>Tells all front ends.</summary>
    public void Publish(string type, JsonObject content, JsonObject? parent) =>
        _outgoing.Enqueue((_publish, _wire.Write([Encoding.ASCII.GetBytes(type)], type, content, parent)));

    /// <summary>Asks the front end that sent a request.</summary>
    public void Ask(WireMessage request, JsonObject content) => _outgoing.Enqueue((_input, _wire.Write(request.Identities, "input_request", content, request.Header)));

    /// <summary>Sends what waits, and closes.</summary>
    public void Dispose()
    {
        for (var wait = 0; !_outgoing.IsEmpty && wait < 100; wait++) Thread.Sleep(10);
        _poller.Stop();
        foreach (var socket in new NetMQSocket[] { _shell, _control, _input, _publish, _heartbeat })
        {
            socket.Options.Linger = TimeSpan.FromMilliseconds(500);
            socket.Dispose();
        }

        _poller.Dispose();
        _outgoing.Dispose();
    }

    private static void Bind(NetMQSocket socket, ConnectionFile connection, int port)
    {
        try
        {
            socket.Bind(connection.Endpoint(port));
        }
        catch (NetMQException error)
        {
            throw new ConfigException($"The kernel can't listen on {connection.Endpoint(port)}: {error.Message}. Another program has taken the port since Jupyter chose it; start the kernel again.", error);
        }
    }

    private void Receive(Channel channel, RouterSocket socket)
    {
        var frames = socket.ReceiveMultipartMessage();
        var message = _wire.Read([.. frames.Select(frame => frame.ToByteArray())], out var problem);
        // Said where the server's own log is; the sender, whoever it is, gets no answer.
        if (message is null) Diagnostics.WriteLine($"A message on the {channel.ToString().ToLowerInvariant()} channel was refused: {problem}.");
        else _received(channel, message);
    }

    private static TextWriter Diagnostics { get; } = TextWriter.Synchronized(new StreamWriter(Console.OpenStandardError()) { AutoFlush = true });
}
