using System.Text;
using System.Text.Json.Nodes;
using FsCheck.Xunit;
using ResearchKit.Core;
using ResearchKit.Kernel.Jupyter;
using ResearchKit.Testing;

namespace ResearchKit.Kernel.Tests;

/// <summary>Signatures, frames and the connection file.</summary>
public sealed class WireTests
{
    private const string Key = "a0436f6c-1916-498b-8eb9-e81ab9368e84";

    // Python: hmac.new(key, b'{"msg_id":"1"}' + b'{}' + b'{}' + b'{"code":"1+1"}', hashlib.sha256).hexdigest()
    [Fact]
    public void TheSignatureIsThatOfPythonsHmac() =>
        Assert.Equal("571f54ca20ac469366661f0eb466e6d650eee65ae12436bc786b76a5eb890b86", new Wire(Key).Sign("{\"msg_id\":\"1\"}"u8.ToArray(), "{}"u8.ToArray(), "{}"u8.ToArray(), "{\"code\":\"1+1\"}"u8.ToArray()));

    // RFC 4231, test case 2.
    [Fact]
    public void TheSignatureIsThatOfTheStandard() =>
        Assert.Equal("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843", new Wire("Jefe").Sign("what do ya "u8.ToArray(), "want for nothing?"u8.ToArray()));

    [Fact]
    public void AWrittenMessageIsReadBack()
    {
        var frames = Frames(new Wire(Key).Write(["me"u8.ToArray()], "execute_reply", new JsonObject { ["status"] = "ok" }, new JsonObject { ["msg_id"] = "7" }));
        var message = new Wire(Key).Read(frames, out var problem);
        Assert.Equal("", problem);
        Assert.Equal(("execute_reply", "ok", "7", "me"), (message!.Type, (string?)message.Content["status"], (string?)message.Parent["msg_id"], Encoding.ASCII.GetString(message.Identities[0])));
    }

    [Property]
    public bool AMessageOfWhichOneByteIsChangedIsRefused(int frame, int place, byte change)
    {
        var frames = Frames(new Wire(Key).Write([], "execute_request", new JsonObject { ["code"] = "1" }, new JsonObject { ["msg_id"] = "7" }));
        var changed = frames[1 + (int)((uint)frame % 5)];
        changed[(int)((uint)place % (uint)changed.Length)] ^= (byte)(change | 1);
        return new Wire(Key).Read(frames, out var problem) is null && problem.Length > 0;
    }

    [Fact]
    public void AMessageSignedWithAnotherKeyIsRefused() => Assert.Null(new Wire(Key).Read(Frames(new Wire("other").Write([], "execute_request", [], null)), out _));

    [Fact]
    public void AMessageThatComesAgainIsRefused()
    {
        var wire = new Wire(Key);
        var frames = Frames(new Wire(Key).Write([], "execute_request", [], null));
        Assert.NotNull(wire.Read(frames, out _));
        Assert.Null(wire.Read(frames, out var problem));
        Assert.Contains("before", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void FramesThatAreMissingAreRefused() => Assert.Null(new Wire(Key).Read(["<IDS|MSG>"u8.ToArray(), "x"u8.ToArray()], out _));

    [Theory]
    [InlineData("\"ip\":\"0.0.0.0\"", "loopback")]
    [InlineData("\"ip\":\"192.168.1.5\"", "loopback")]
    [InlineData("\"key\":\"\"", "key is empty")]
    [InlineData("\"transport\":\"ipc\"", "must be tcp")]
    [InlineData("\"signature_scheme\":\"hmac-md5\"", "hmac-sha256")]
    public void AnUnsafeConnectionIsRefused(string change, string said)
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "connection.json");
        var fields = new JsonObject { ["ip"] = "127.0.0.1", ["key"] = "k", ["transport"] = "tcp", ["signature_scheme"] = "hmac-sha256", ["shell_port"] = 1, ["iopub_port"] = 2, ["stdin_port"] = 3, ["control_port"] = 4, ["hb_port"] = 5 };
        File.WriteAllText(path, fields.ToJsonString());
        Assert.Equal(5, ConnectionFile.Read(path).HeartbeatPort);
        foreach (var (key, value) in JsonNode.Parse("{" + change + "}")!.AsObject()) fields[key] = value!.DeepClone();
        File.WriteAllText(path, fields.ToJsonString());
        Assert.Contains(said, Assert.Throws<ConfigException>(() => ConnectionFile.Read(path)).Message, StringComparison.Ordinal);
    }

    [Property]
    public bool CursorPositionsCountCodePoints(string? text)
    {
        text = "a😀b" + text;
        return Enumerable.Range(0, text.Length).Where(offset => !char.IsLowSurrogate(text[offset]) || offset == 0 || !char.IsHighSurrogate(text[offset - 1]))
            .All(offset => CodePoints.ToOffset(text, CodePoints.FromOffset(text, offset)) == offset) && CodePoints.FromOffset(text, 3) == 2;
    }

    [Fact]
    public void InstallRegistersBothKernelsUnderAPrefix()
    {
        using var folder = new TemporaryFolder();
        KernelSpec.Install("/somewhere/rk-kernel.dll", folder.Path);
        foreach (var (language, name) in new[] { ("fsharp", "ResearchKit F#"), ("csharp", "ResearchKit C#") })
        {
            var spec = JsonNode.Parse(File.ReadAllText(Path.Combine(folder.Path, "share", "jupyter", "kernels", "researchkit-" + language, "kernel.json")))!;
            Assert.Equal((name, "message"), ((string?)spec["display_name"], (string?)spec["interrupt_mode"]));
            Assert.Equal(["dotnet", "exec", "/somewhere/rk-kernel.dll", "kernel", "{connection_file}", "--language", language], spec["argv"]!.AsArray().Select(word => (string?)word));
        }
    }

    private static List<byte[]> Frames(NetMQ.NetMQMessage message) => [.. message.Select(frame => frame.ToByteArray())];
}
