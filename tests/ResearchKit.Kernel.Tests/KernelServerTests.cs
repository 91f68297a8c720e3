using System.Diagnostics;
using System.Text.Json.Nodes;
using ResearchKit.Kernel.Jupyter;

namespace ResearchKit.Kernel.Tests;

/// <summary>The kernel as a process, asked over real sockets.</summary>
public sealed class KernelServerTests(KernelServerTests.Kernel kernel) : IClassFixture<KernelServerTests.Kernel>
{
    private JupyterClient Client => kernel.Client;

    [Fact]
    public void TheKernelSaysWhatItIs()
    {
        Assert.Equal("5.3", (string?)Client.Info["protocol_version"]);
        Assert.Equal("C#", (string?)Client.Info["language_info"]!["name"]);
        Assert.True(Client.IsAlive());
    }

    [Fact]
    public void MessagesOfARunComeInTheOrderOfTheProtocol()
    {
        var (reply, published) = Client.Run("Console.Write(\"out\"); Console.Error.Write(\"err\"); display(\"shown\"); 40 + 2");
        Assert.Equal(["status busy", "execute_input", "stream stdout", "stream stderr", "display_data", "execute_result", "status idle"],
            published.Select(message => $"{message.Type} {message.Content["execution_state"] ?? message.Content["name"]}".TrimEnd()));
        Assert.Equal("42", (string?)published[5].Content["data"]!["text/plain"]);
        Assert.Equal("ok", (string?)reply.Content["status"]);
        Assert.Equal((int?)reply.Content["execution_count"], (int?)published[5].Content["execution_count"]);
    }

    [Fact]
    public void AnUpdateGoesToTheDisplayThatItBelongsTo()
    {
        var (_, published) = Client.Run("var shown = display(\"first\"); shown.Update(\"second\");");
        var displays = published.Where(message => message.Type.Contains("display_data", StringComparison.Ordinal)).ToList();
        Assert.Equal([("display_data", "first"), ("update_display_data", "second")], displays.Select(message => (message.Type, (string?)message.Content["data"]!["text/plain"])));
        var ids = displays.Select(message => (string?)message.Content["transient"]!["display_id"]).Distinct();
        Assert.NotNull(Assert.Single(ids));
    }

    [Fact]
    public void MetadataOfARequestNamesTheLanguageAndTheCell()
    {
        // As VS Code and JupyterLab send it. The kernel's own language is C#.
        JsonObject Cell(string language) => new() { ["cellId"] = "one", ["polyglot_notebook"] = new JsonObject { ["kernelName"] = language } };
        Assert.Equal("6", Result(Client.Run("[ 1; 2; 3 ] |> List.sum", Cell("fsharp")).Published));
        Assert.Contains("pwsh", (string?)Client.Run("Get-Date", Cell("pwsh")).Reply.Content["evalue"], StringComparison.Ordinal);
        Assert.Equal("6", Result(Client.Run("new[] { 1, 2, 3 }.Sum()").Published));
    }

    [Fact]
    public void OutputIsSentWhileTheCellRuns()
    {
        var id = Client.Execute("Console.Write(\"early\"); Thread.Sleep(2500);");
        while (Client.Published(TimeSpan.FromSeconds(30)) is { } message && message.Type != "stream")
        {
        }

        // The answer must still be a good while away when the output is here.
        var clock = Stopwatch.StartNew();
        Client.Reply();
        Assert.True(clock.Elapsed > TimeSpan.FromSeconds(0.5), $"the answer came {clock.Elapsed} after the output");
        Client.Outputs(id);
    }

    [Fact]
    public void AnErrorIsPublishedAnsweredAndAbortsWhatWaits()
    {
        // Both stand in the queue before the first fails.
        var first = Client.Execute("Thread.Sleep(500); throw new InvalidOperationException(\"bad\");");
        Client.Execute("1");
        var failed = Client.Reply();
        Assert.Equal(("error", "InvalidOperationException", "bad"), ((string?)failed.Content["status"], (string?)failed.Content["ename"], (string?)failed.Content["evalue"]));
        Assert.Equal("aborted", (string?)Client.Reply().Content["status"]);
        Assert.Contains(Client.Outputs(first), message => message.Type == "error" && ((string?)message.Content["traceback"]![1])!.Contains("---> 1 |", StringComparison.Ordinal));
    }

    [Fact]
    public void TwoInterruptsInARowStopTightLoopsAndKeepTheState()
    {
        Client.Run("var survives = 9;");
        for (var round = 0; round < 2; round++)
        {
            Client.Execute("while (true) { }");
            Thread.Sleep(600);
            Assert.Equal("ok", (string?)Client.Control("interrupt_request", []).Content["status"]);
            Assert.Equal("Interrupted", (string?)Client.Reply().Content["ename"]);
        }

        Assert.Equal("9", Result(Client.Run("survives").Published));
    }

    [Fact]
    public void AMessageWithAWrongSignatureIsNotAnswered()
    {
        Client.Send("execute_request", new JsonObject { ["code"] = "var intruder = 1;" }, new Wire("another key"));
        var (reply, _) = Client.Run("intruder");
        Assert.Contains("CS0103", (string?)reply.Content["evalue"], StringComparison.Ordinal);
    }

    [Fact]
    public void ACellAsksAndIsAnswered()
    {
        var id = Client.Execute("input(\"Who? \")", allowInput: true);
        Assert.Equal("Who? ", Client.Answer("Grace"));
        Client.Reply();
        Assert.Equal("Grace", Result(Client.Outputs(id)));
        Assert.Contains("can't ask a person", (string?)Client.Run("input(\"Who? \")").Reply.Content["evalue"], StringComparison.Ordinal);
    }

    [Fact]
    public void CompletionCountsCodePointsAndHoverNamesTheType()
    {
        const string code = "var a = \"😀\"; Math.Sq";
        var reply = Client.Ask("complete_request", new JsonObject { ["code"] = code, ["cursor_pos"] = 20 }).Content;
        Assert.Contains("Sqrt", reply["matches"]!.AsArray().Select(match => (string?)match));
        Assert.Equal((18, 20), ((int?)reply["cursor_start"], (int?)reply["cursor_end"]));
        var hover = Client.Ask("inspect_request", new JsonObject { ["code"] = "Math.Sqrt(2) + absent", ["cursor_pos"] = 7 }).Content;
        Assert.Contains("double Math.Sqrt(double", (string?)hover["data"]!["text/plain"], StringComparison.Ordinal);
        Assert.Contains("CS0103", (string?)hover["data"]!["text/plain"], StringComparison.Ordinal);
        Assert.Equal("incomplete", (string?)Client.Ask("is_complete_request", new JsonObject { ["code"] = "if (true) {" }).Content["status"]);
    }

    [Fact]
    public void AnUnknownRequestIsAnsweredWithAnError() => Assert.Equal("error", (string?)Client.Ask("debug_request", []).Content["status"]);

    [Theory]
    [InlineData(false, "")]
    [InlineData(true, "while (true) { }")]
    [InlineData(true, "new Thread(() => { while (true) { } }).Start(); Thread.Sleep(100000);")]
    public void ShutdownIsAnsweredAndTheProcessEndsWhateverRuns(bool restart, string running)
    {
        using var client = new JupyterClient();
        if (running.Length > 0)
        {
            client.Execute("Console.Write(\"running\");" + running);
            while (client.Published(TimeSpan.FromSeconds(30)) is { } message && message.Type != "stream")
            {
            }
        }

        var reply = client.Control("shutdown_request", new JsonObject { ["restart"] = restart });
        Assert.Equal(("shutdown_reply", restart), (reply.Type, (bool?)reply.Content["restart"]));
        Assert.True(client.Process.WaitForExit(TimeSpan.FromSeconds(20)), "the kernel did not end");
        Assert.Equal(0, client.Process.ExitCode);
    }

    [Fact]
    public void AReferenceInTheFirstCellIsKnownThoughTheEnginesAreStillWarmingUp()
    {
        using var client = new JupyterClient("fsharp");
        var path = Path.Combine(AppContext.BaseDirectory, "FsCheck.Xunit.v3.dll");
        var (reply, published) = client.Run($"#r \"{path}\"\ntypeof<FsCheck.Xunit.PropertyAttribute>.Name");
        Assert.True((string?)reply.Content["status"] == "ok", reply.Content.ToJsonString());
        Assert.Equal("PropertyAttribute", Result(published));
    }

    [Fact]
    public void TheKernelEndsWhenItsParentIsGone()
    {
        if (OperatingSystem.IsWindows()) Assert.Skip("Needs a shell that leaves its child behind.");
        using var client = new JupyterClient(start: connection =>
            Process.Start(new ProcessStartInfo("/bin/sh", ["-c", $"'{KernelProcess.Host}' exec '{KernelProcess.Program}' kernel '{connection}' & echo $!; wait"]) { RedirectStandardOutput = true })!);
        using var orphan = Process.GetProcessById(int.Parse(client.Process.StandardOutput.ReadLine()!, System.Globalization.CultureInfo.InvariantCulture));
        client.Process.Kill();
        var isGone = orphan.WaitForExit(TimeSpan.FromSeconds(20));
        if (!isGone) orphan.Kill();
        Assert.True(isGone, "the kernel was left behind");
    }

    private static string? Result(IEnumerable<WireMessage> published) => (string?)published.Single(message => message.Type == "execute_result").Content["data"]!["text/plain"];

    public sealed class Kernel : IDisposable
    {
        internal JupyterClient Client { get; } = new();

        public void Dispose() => Client.Dispose();
    }
}
