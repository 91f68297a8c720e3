using Microsoft.ML.Tokenizers;
using ResearchKit.Benchmarking;

namespace ResearchKit.Benchmarks;

/// <summary>Other .NET libraries with GPT-2's vocabulary.</summary>
internal static class TokenizerPeers
{
    public static IEnumerable<BenchmarkPeer> All =>
    [
        new("tokenize", "Microsoft.ML.Tokenizers", text =>
        {
            using var vocabulary = typeof(SharpToken.GptEncoding).Assembly.GetManifestResourceStream("SharpToken.data.r50k_base.tiktoken")!;
            var tokenizer = TiktokenTokenizer.Create(vocabulary, new RegexPreTokenizer(new(Pattern, System.Text.RegularExpressions.RegexOptions.Compiled), null), null);
            return new InProcess(() => tokenizer.EncodeToIds(text));
        }),
        new("tokenize", "SharpToken", text =>
        {
            var encoding = SharpToken.GptEncoding.GetEncoding("r50k_base");
            return new InProcess(() => encoding.Encode(text));
        }),
    ];

    private const string Pattern = @"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    private sealed class InProcess(Action work) : IPeerWork
    {
        public Timing Run()
        {
            var cpu = Environment.CpuUsage.TotalTime;
            var watch = System.Diagnostics.Stopwatch.StartNew();
            work();
            return new Timing(watch.Elapsed.TotalSeconds, (Environment.CpuUsage.TotalTime - cpu).TotalSeconds);
        }

        public void Dispose()
        {
        }
    }
}
