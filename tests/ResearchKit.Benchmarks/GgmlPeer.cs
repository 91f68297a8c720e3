using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using ResearchKit.Benchmarking;
using ResearchKit.Core;

namespace ResearchKit.Benchmarks;

/// <summary>ggml's gpt-2 example on random weights, in float32 and in its Q8_0: milliseconds a token as it reports them.</summary>
internal static partial class GgmlPeer
{
    private const int TokenCount = 48;

    public static BenchmarkPeer[] All(string folder, int threads) =>
        [Of(folder, "gpt-2-124M.bin", "decode 124M", "ggml gpt-2", threads), Of(folder, "gpt-2-124M-q8_0.bin", "decode 124M int8", "ggml gpt-2 q8_0", threads)];

    private static BenchmarkPeer Of(string folder, string file, string work, string name, int threads)
    {
        var (program, model) = (Path.Combine(folder, "gpt-2-ctx"), Path.Combine(folder, file));
        if (!File.Exists(program) || !File.Exists(model)) throw new ConfigException($"--ggml {folder} lacks gpt-2-ctx or {file}; peers/get-peers.sh makes both.");
        return new BenchmarkPeer(work, name, _ => new Work(program, model, threads));
    }

    [GeneratedRegex(@"predict time\s*=.*?([0-9.]+) ms per token")]
    private static partial Regex PerToken { get; }

    private sealed class Work(string program, string model, int threads) : IPeerWork
    {
        public Timing Run()
        {
            var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true };
            foreach (var argument in new[] { "-m", model, "-t", threads.ToString(CultureInfo.InvariantCulture), "-n", TokenCount.ToString(CultureInfo.InvariantCulture), "-s", "1", "-p", "a" }) start.ArgumentList.Add(argument);
            using var process = Process.Start(start)!;
            var error = process.StandardError.ReadToEndAsync();
            var output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            var match = PerToken.Match(output);
            if (!match.Success) throw new ConfigException($"{program} said no time a token (code {process.ExitCode}): {error.Result.Trim()}");
            return new Timing(double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) / 1e3, double.NaN);
        }

        public void Dispose()
        {
        }
    }
}
