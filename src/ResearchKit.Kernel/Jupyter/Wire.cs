using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using NetMQ;

namespace ResearchKit.Kernel.Jupyter;

/// <summary>A message of Jupyter's protocol 5.3.</summary>
/// <param name="Identities">Routing frames of ZeroMQ, or the topic of a published message.</param>
/// <param name="Header">Who sent what and when.</param>
/// <param name="Parent">Header of the request that this answers; empty for none.</param>
/// <param name="Metadata">Additions of the front end.</param>
/// <param name="Content">The message itself.</param>
internal sealed record WireMessage(IReadOnlyList<byte[]> Identities, JsonObject Header, JsonObject Parent, JsonObject Metadata, JsonObject Content)
{
    /// <summary>Kind, such as <c>execute_request</c>.</summary>
    public string Type => (string?)Header["msg_type"] ?? "";
}

/// <summary>Frames and signatures: reads messages, refusing those that the key has not signed, and writes them.</summary>
internal sealed class Wire
{
    /// <summary>Version of the protocol.</summary>
    public const string ProtocolVersion = "5.3";

    private const int RememberedSignatures = 1 << 16;

    private static readonly byte[] Delimiter = "<IDS|MSG>"u8.ToArray();

    private readonly byte[] _key;
    private readonly string _session = Guid.NewGuid().ToString("N");
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);
    private readonly Queue<string> _order = new();
    private readonly Lock _gate = new();

    /// <summary>Makes the reader and writer of a connection.</summary>
    /// <param name="key">The connection's key.</param>
    public Wire(string key) => _key = Encoding.UTF8.GetBytes(key);

    /// <summary>HMAC-SHA256 of the four JSON frames, in lower-case hexadecimal.</summary>
    public string Sign(params ReadOnlySpan<byte[]> frames)
    {
        using var hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, _key);
        foreach (var frame in frames) hash.AppendData(frame);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Reads a message.</summary>
    /// <param name="frames">All frames as received.</param>
    /// <param name="problem">Why it was refused.</param>
    /// <returns>The message; null when it is damaged, not signed with the key, or a repetition of an earlier one.</returns>
    public WireMessage? Read(IReadOnlyList<byte[]> frames, out string problem)
    {
        var at = -1;
        for (var i = 0; i < frames.Count && at < 0; i++)
        {
            if (frames[i].AsSpan().SequenceEqual(Delimiter)) at = i;
        }

        problem = "";
        if (at < 0 || frames.Count < at + 6)
        {
            problem = "frames are missing";
            return null;
        }

        var signature = frames[at + 1];
        var expected = Sign(frames[at + 2], frames[at + 3], frames[at + 4], frames[at + 5]);
        if (!CryptographicOperations.FixedTimeEquals(signature, Encoding.ASCII.GetBytes(expected)))
        {
            problem = "its signature is wrong";
            return null;
        }

        if (!IsNew(expected))
        {
            problem = "it was received before";
            return null;
        }

        try
        {
            JsonObject Part(int offset) => JsonNode.Parse(frames[at + offset]) as JsonObject ?? throw new JsonException("a part is no object");
            return new WireMessage([.. frames.Take(at)], Part(2), Part(3), Part(4), Part(5));
        }
        catch (JsonException error)
        {
            problem = error.Message;
            return null;
        }
    }

    /// <summary>Writes a message.</summary>
    /// <param name="identities">Routing frames of the receiver, or the topic.</param>
    /// <param name="type">Kind, such as <c>execute_reply</c>.</param>
    /// <param name="content">The message itself.</param>
    /// <param name="parent">Header of the request that it answers; null for none.</param>
    public NetMQMessage Write(IEnumerable<byte[]> identities, string type, JsonObject content, JsonObject? parent)
    {
        var header = new JsonObject
        {
            ["msg_id"] = Guid.NewGuid().ToString("N"), ["session"] = _session, ["username"] = "kernel", ["date"] = DateTime.UtcNow.ToString("O", System.Globalization.CultureInfo.InvariantCulture),
            ["msg_type"] = type, ["version"] = ProtocolVersion,
        };
        byte[][] parts = [Bytes(header), Bytes(parent ?? []), Bytes([]), Bytes(content)];
        var message = new NetMQMessage();
        foreach (var identity in identities) message.Append(identity);
        message.Append(Delimiter);
        message.Append(Sign(parts));
        foreach (var part in parts) message.Append(part);
        return message;
    }

    private static byte[] Bytes(JsonObject part) => JsonSerializer.SerializeToUtf8Bytes(part);

    // A recorded message must not run code a second time.
    private bool IsNew(string signature)
    {
        lock (_gate)
        {
            if (!_seen.Add(signature)) return false;
            _order.Enqueue(signature);
            if (_order.Count > RememberedSignatures) _seen.Remove(_order.Dequeue());
            return true;
        }
    }
}
