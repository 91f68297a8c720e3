using System.CommandLine;
using ResearchKit.Benchmarking;
using ResearchKit.Benchmarks;
using ResearchKit.Core;

// The suite of `rk bench` with peers beside it. Peers that are programs are made by peers/get-peers.sh.
var only = new Option<string[]>("--only") { Description = "Run this benchmark alone; may be given several times.", AllowMultipleArgumentsPerToken = false, HelpName = "NAME" };
var quick = new Option<bool>("--quick") { Description = "Fewer repetitions and smaller shapes." };
var threads = new Option<int>("--threads") { Description = "CPU threads, also of the peers; 0 takes all cores." };
var text = new Option<string?>("--text") { Description = "Text file for the tokenizers.", HelpName = "FILE" };
var output = new Option<string?>("--out") { Description = "Writes benchmarks.md and benchmarks.json there.", HelpName = "DIR" };
var rk = new Option<string?>("--rk") { Description = "rk.dll, for the start-up times.", HelpName = "FILE" };
var nanoGpt = new Option<string?>("--nanogpt") { Description = "Folder of nanoGPT (model.py).", HelpName = "DIR" };
var python = new Option<string>("--python") { Description = "Python with PyTorch.", DefaultValueFactory = _ => "/usr/bin/python3" };
var ggml = new Option<string?>("--ggml") { Description = "Folder with ggml's gpt-2-ctx and its two models (get-peers.sh makes them).", HelpName = "DIR" };
var root = new RootCommand("Benchmarks of ResearchKit against peers and against the machine's limits.") { only, quick, threads, text, output, rk, nanoGpt, python, ggml };
root.SetAction((parsed, cancellation) =>
{
    var count = parsed.GetValue(threads) is var asked and > 0 ? asked : Environment.ProcessorCount;
    var peers = new List<BenchmarkPeer>(TokenizerPeers.All);
    if (parsed.GetValue(nanoGpt) is { } folder) peers.AddRange(NanoGptPeer.All(parsed.GetRequiredValue(python), folder, count));
    if (parsed.GetValue(ggml) is { } built) peers.AddRange(GgmlPeer.All(built, count));
    var report = BenchmarkSuite.Run(new BenchmarkOptions
    {
        Only = parsed.GetValue(only) ?? [], Quick = parsed.GetValue(quick), Threads = count, TextFile = parsed.GetValue(text), Peers = peers,
        Command = parsed.GetValue(rk) is { } program ? ["dotnet", program] : [],
    }, new Lines(), cancellation);
    if (parsed.GetValue(output) is { } target) report.Write(target);
    Console.Write(report.Text());
    return Task.FromResult(report.Interrupted ? 130 : 0);
});
try
{
    return await root.Parse(args).InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = TimeSpan.FromMinutes(2) });
}
catch (ConfigException error)
{
    await Console.Error.WriteLineAsync("error: " + error.Message);
    return 2;
}

namespace ResearchKit.Benchmarks
{
    internal sealed class Lines : IProgress<string>
    {
        public void Report(string value) => Console.Error.WriteLine(value);
    }
}
