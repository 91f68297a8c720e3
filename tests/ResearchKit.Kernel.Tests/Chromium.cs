using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using ResearchKit.Testing;

namespace ResearchKit.Kernel.Tests;

/// <summary>A headless Chromium without a network, driven over its DevTools protocol: one page, its scripts' values, and what it asked for.</summary>
internal sealed class Chromium : IDisposable
{
    private readonly TemporaryFolder _profile = new();
    private readonly Process _process;
    private readonly ClientWebSocket _socket = new();
    private readonly ConcurrentDictionary<int, TaskCompletionSource<JsonObject>> _waiting = new();
    private readonly ConcurrentQueue<string> _requests = new();
    private int _lastId;

    private Chromium(string program)
    {
        // Names resolve to nothing; only addresses of this machine are left.
        _process = Process.Start(new ProcessStartInfo(program, ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--window-size=1280,1000",
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--remote-debugging-port=0", $"--user-data-dir={_profile.Path}", "about:blank"]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        _process.OutputDataReceived += (_, _) => { };
        _process.ErrorDataReceived += (_, _) => { };
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        var file = _profile.File("DevToolsActivePort");
        Wait("its debugging port", TimeSpan.FromSeconds(60), () => File.Exists(file) && File.ReadAllLines(file).Length > 0);
        using var client = new HttpClient();
        var pages = JsonNode.Parse(client.GetStringAsync($"http://127.0.0.1:{File.ReadAllLines(file)[0]}/json/list").GetAwaiter().GetResult())!.AsArray();
        _socket.ConnectAsync(new Uri((string)pages.First(page => (string?)page!["type"] == "page")!["webSocketDebuggerUrl"]!), CancellationToken.None).GetAwaiter().GetResult();
        _ = Task.Run(Receive);
        Call("Network.enable", []);
        Call("Page.enable", []);
    }

    /// <summary>Addresses that pages have asked for, data within the page left out.</summary>
    public IEnumerable<string> Requests => _requests.Where(address => !address.StartsWith("data:", StringComparison.Ordinal) && !address.StartsWith("blob:", StringComparison.Ordinal));

    /// <summary>Starts the browser of this machine; skips the test where there is none.</summary>
    public static Chromium StartOrSkip()
    {
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        var program = new[] { "chromium", "chromium-browser", "google-chrome" }.SelectMany(name => folders.Select(folder => Path.Combine(folder, name))).FirstOrDefault(File.Exists);
        Assert.SkipWhen(program is null, "Chromium is not installed (Debian: apt-get install chromium).");
        return new Chromium(program!);
    }

    /// <summary>Opens a page and waits until a condition holds in it.</summary>
    public void Open(string address, string ready, TimeSpan limit)
    {
        Call("Page.navigate", new JsonObject { ["url"] = address });
        WaitFor(ready, limit);
    }

    /// <summary>Waits until a condition holds in the page.</summary>
    public void WaitFor(string condition, TimeSpan limit) => Wait(condition, limit, () =>
    {
        // Between two pages there is nothing to ask.
        try
        {
            return (bool?)Value($"Boolean({condition})") == true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    });

    /// <summary>The value of an expression in the page.</summary>
    /// <exception cref="InvalidOperationException">It threw.</exception>
    public JsonNode? Value(string expression)
    {
        var reply = Call("Runtime.evaluate", new JsonObject { ["expression"] = expression, ["returnByValue"] = true, ["awaitPromise"] = true });
        return reply["exceptionDetails"] is { } problem ? throw new InvalidOperationException(problem.ToJsonString()) : reply["result"]?["value"];
    }

    public void Dispose()
    {
        _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
        _process.Dispose();
        _socket.Dispose();
        _profile.Dispose();
    }

    private static void Wait(string what, TimeSpan limit, Func<bool> holds)
    {
        for (var clock = Stopwatch.StartNew(); !holds(); Thread.Sleep(200)) Assert.True(clock.Elapsed < limit, $"Chromium: {what} did not come within {limit.TotalSeconds} s.");
    }

    private JsonObject Call(string method, JsonObject parameters)
    {
        var id = Interlocked.Increment(ref _lastId);
        var answer = _waiting[id] = new TaskCompletionSource<JsonObject>(TaskCreationOptions.RunContinuationsAsynchronously);
        var text = new JsonObject { ["id"] = id, ["method"] = method, ["params"] = parameters }.ToJsonString();
        _socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None).GetAwaiter().GetResult();
        return answer.Task.WaitAsync(TimeSpan.FromSeconds(60)).GetAwaiter().GetResult();
    }

    private async Task Receive()
    {
        var buffer = new byte[1 << 16];
        using var message = new MemoryStream();
        while (_socket.State == WebSocketState.Open)
        {
            message.SetLength(0);
            ValueWebSocketReceiveResult part;
            do
            {
                part = await _socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None);
                message.Write(buffer, 0, part.Count);
            }
            while (!part.EndOfMessage);
            if (JsonNode.Parse(message.ToArray()) is not JsonObject read) continue;
            if ((string?)read["method"] == "Network.requestWillBeSent") _requests.Enqueue((string?)read["params"]?["request"]?["url"] ?? "");
            else if ((int?)read["id"] is { } id && _waiting.TryRemove(id, out var answer)) answer.SetResult(read["result"]?.DeepClone().AsObject() ?? []);
        }
    }
}
