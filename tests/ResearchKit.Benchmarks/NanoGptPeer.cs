using System.Diagnostics;
using System.Globalization;
using ResearchKit.Benchmarking;
using ResearchKit.Core;

namespace ResearchKit.Benchmarks;

/// <summary>nanoGPT's model.py under PyTorch: a process that makes one training step for every line it reads, and answers with the time.</summary>
internal static class NanoGptPeer
{
    public static IEnumerable<BenchmarkPeer> All(string python, string folder, int threads)
    {
        if (!File.Exists(Path.Combine(folder, "model.py"))) throw new ConfigException($"--nanogpt {folder} has no model.py; peers/get-peers.sh clones nanoGPT.");
        BenchmarkPeer Peer(string model, int B, int T, params int[] config) => new($"train {model} {B} {T}", "nanoGPT", _ => new Server(python, folder, [.. config, B, T, threads]));
        return
        [
            Peer("12.7M", 12, 256, 6, 6, 384, 5000, 256),
            Peer("124M", 2, 256, 12, 12, 768, 50257, 1024),
            Peer("124M", 1, 1024, 12, 12, 768, 50257, 1024),
        ];
    }

    private sealed class Server : IPeerWork
    {
        private readonly Process _process;

        public Server(string python, string folder, int[] numbers)
        {
            var start = new ProcessStartInfo(python) { RedirectStandardInput = true, RedirectStandardOutput = true };
            start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "peers", "nanogpt_steps.py"));
            start.ArgumentList.Add(folder);
            foreach (var number in numbers) start.ArgumentList.Add(number.ToString(CultureInfo.InvariantCulture));
            start.Environment["OMP_NUM_THREADS"] = start.Environment["OPENBLAS_NUM_THREADS"] = numbers[^1].ToString(CultureInfo.InvariantCulture);
            _process = Process.Start(start)!;
            Answer("ready");
        }

        public Timing Run()
        {
            _process.StandardInput.WriteLine("step");
            _process.StandardInput.Flush();
            var parts = Answer("step").Split(' ');
            return new Timing(double.Parse(parts[1], CultureInfo.InvariantCulture), double.Parse(parts[2], CultureInfo.InvariantCulture));
        }

        public void Dispose()
        {
            _process.StandardInput.Close();
            if (!_process.WaitForExit(10_000)) _process.Kill();
            _process.Dispose();
        }

        private string Answer(string first)
        {
            while (_process.StandardOutput.ReadLine() is { } line)
            {
                if (line.StartsWith(first, StringComparison.Ordinal)) return line;
            }

            throw new ConfigException("nanoGPT's process ended; its message is above. It needs Python with PyTorch: apt-get install python3-torch libopenblas0-pthread, or --python with another one.");
        }
    }
}
