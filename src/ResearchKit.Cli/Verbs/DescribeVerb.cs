using System.CommandLine;
using System.Globalization;
using ResearchKit.Core;
using ResearchKit.Core.Configuration;
using ResearchKit.Models.Checkpoints;
using static System.FormattableString;

namespace ResearchKit.Cli.Verbs;

/// <summary><c>rk describe</c>: what a model is and needs, without allocating it.</summary>
internal sealed class DescribeVerb : Verb
{
    public override Command Command()
    {
        var name = new Argument<string>("NAME|DIR") { Description = "Preset name, model folder, or `list` for all presets." };
        var set = Set("Change one value of the configuration, to see what it would cost: --set n_ctx=4096. May be given several times.");
        var json = Json();
        var command = new Command("describe", """
            Describes a model without loading it: exact parameters, memory, FLOPs per token.

            Example:  rk describe gpt3-xl
                      rk describe gpt2-small --set n_ctx=4096 --set 'attention=[{"kind":"dense"},{"kind":"local","window":256}]'
                      rk describe list
            """) { name, set, json };
        command.SetAction(parsed => Run(parsed.GetRequiredValue(name), parsed.GetValue(set) ?? [], parsed.GetValue(json)));
        return command;
    }

    private static int Run(string name, string[] set, bool json)
    {
        if (name == "list") return List(json);
        // A folder wins over a preset of the same name only when it is written as a path, such as ./gpt1.
        var preset = Presets.Contains(name) ? Presets.Get(name)
            : Directory.Exists(name) || File.Exists(name) ? new Preset(Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(name))), ModelFolder.ReadConfig(name), "folder " + name)
            : new Models.Hub.HubCache().Find(name) is { } pulled ? new Preset(name, ModelFolder.ReadConfig(pulled), "pulled to " + pulled)
            : throw new ConfigException($"There is no model preset or folder `{name}`. Presets: {string.Join(", ", Presets.Names)}.");
        if (set.Length > 0) preset = new Preset(preset.Name, Overridden(preset.Config, name, set), $"{preset.Source}, with {string.Join(", ", set)}");
        var size = ModelSize.Of(preset.Config);
        if (json) PrintJson(Facts(preset, size));
        else Print(preset, size);
        return 0;
    }

    private static int List(bool json)
    {
        if (json) PrintJson(Presets.Names.Select(name => new { name, parameters = Presets.Get(name).Config.ParameterCount }));
        else foreach (var name in Presets.Names) Console.WriteLine(Invariant($"{name,-22} {Presets.Get(name).Config.ParameterCount,19:N0}  {Presets.Get(name).Source}"));
        return 0;
    }

    private static object Facts(Preset preset, ModelSize size) => new
    {
        preset.Name,
        preset.Source,
        preset.Note,
        parameters = size.Parameters,
        layers = preset.Config.LayerCount,
        config = preset.Config,
        problems = preset.Config.Problems(),
        parts = new { size.TokenEmbedding, size.PositionEmbedding, size.Attention, size.FeedForward, size.Norms },
        bytes = new
        {
            weights = size.WeightBytes(),
            gradients = size.GradientBytes,
            optimizer = size.OptimizerBytes,
            activations = size.ActivationBytes(1, preset.Config.ContextLength),
            activationsRecomputed = size.ActivationBytes(1, preset.Config.ContextLength, recompute: true),
            keyValueCache = size.CacheBytes(1, preset.Config.ContextLength),
        },
        flopsPerToken = new { forward = size.ForwardFlopsPerToken(preset.Config.ContextLength), training = size.TrainingFlopsPerToken(preset.Config.ContextLength) },
    };

    private static void Print(Preset preset, ModelSize size)
    {
        var config = preset.Config;
        static string N(long value) => value.ToString("N0", CultureInfo.InvariantCulture);
        static string Bytes(long value) => value < 1L << 30 ? Invariant($"{value / (double)(1L << 20):N1} MiB") : Invariant($"{value / (double)(1L << 30):N1} GiB");
        static string Flops(double value) => Invariant($"{value / 1e6:N1} MFLOP");

        Console.WriteLine($"{preset.Name}: {N(size.Parameters)} parameters");
        Console.WriteLine($"  source        {preset.Source}");
        Console.WriteLine($"  shape         {config.LayerCount} layers × {config.EmbeddingSize}, {config.HeadCount} heads, feed-forward {config.FeedForwardSize}, context {config.ContextLength}, vocabulary {N(config.VocabularySize)}");
        Console.WriteLine($"  block         {config.Norm.ToString().ToLowerInvariant()}-norm, {(config.Activation == Activation.GeluTanh ? "GELU (tanh form)" : "GELU (erf form)")}, scores {(config.ScaleAttention ? "divided by √(head size)" : "not scaled")}, attention {string.Join(", ", config.Attention.Select(pattern => System.Text.Json.JsonSerializer.Serialize(pattern, ConfigJson.Compact)))}");
        Console.WriteLine($"  parameters    tokens {N(size.TokenEmbedding)}, positions {N(size.PositionEmbedding)}, attention {N(size.Attention)}, feed-forward {N(size.FeedForward)}, norms {N(size.Norms)}");
        Console.WriteLine($"  weights       {Bytes(size.WeightBytes())} in float32, {Bytes(size.WeightBytes(2))} in bfloat16");
        Console.WriteLine($"  training adds {Bytes(size.GradientBytes)} gradients, {Bytes(size.OptimizerBytes)} AdamW moments");
        Console.WriteLine($"  activations   {Bytes(size.ActivationBytes(1, config.ContextLength))} for one full sequence, {Bytes(size.ActivationBytes(1, config.ContextLength, recompute: true))} with gradient checkpointing");
        Console.WriteLine($"  KV cache      {Bytes(size.CacheBytes(1, config.ContextLength))} for one full sequence");
        Console.WriteLine($"  per token     {Flops(size.ForwardFlopsPerToken(config.ContextLength))} forward, {Flops(size.TrainingFlopsPerToken(config.ContextLength))} training, at full context");
        if (preset.Note is not null) Console.WriteLine($"  note          {preset.Note}");
        foreach (var problem in config.Problems()) Console.WriteLine($"  impossible    {problem}");
    }
}
