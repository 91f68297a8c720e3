using ResearchKit.Core.Configuration;
using ResearchKit.Models;

namespace ResearchKit.Notebooks.Display;

/// <summary>Models and their configurations: a table of layers with shapes and parameters.</summary>
internal static class ModelDisplay
{
    public static MimeBundle Of(ModelConfig config)
    {
        var (rows, total) = (Rows(config), config.ParameterCount);
        var table = new Table("part", "weights", "shape", "copies", "parameters") { Numbers = new HashSet<int> { 3, 4 } };
        foreach (var row in rows) table.Add(row.Part, row.Weights, row.Shape, row.Copies == 1 ? "" : $"× {row.Copies}", row.Parameters == 0 ? "tied" : Number.Count(row.Parameters * row.Copies));
        table.AddTotal("all", "", "", "", Number.Count(total));
        var title = $"{Number.Count(total)} parameters";
        var words = $"{config.LayerCount} layers × {config.EmbeddingSize}, {config.HeadCount} heads of {config.HeadSize}, context {config.ContextLength}, {(config.Norm == NormPlacement.Post ? "post" : "pre")}-norm";
        var size = ModelSize.Of(config);
        var cost = $"{Number.Bytes(size.WeightBytes())} of weights in float32, {Number.Short(size.ForwardFlopsPerToken(config.ContextLength) / 1e6)} MFLOP for a token, {Number.Bytes(size.CacheBytes(1, config.ContextLength))} of keys and values for a full context";
        return MimeBundle.OfHtml(
            Html.Heading(title, words) + Patterns(config) + table.Html() + $"<div style=\"margin-top:6px\">{Html.Escape(cost)}</div>",
            $"{title}: {words}\nattention: {PatternNames(config)}\n{table.Text()}\n{cost}");
    }

    public static MimeBundle Of(Gpt model)
    {
        var table = new Table("weights", "shape", "parameters", "standard deviation") { Numbers = new HashSet<int> { 2, 3 } };
        using (var scope = TorchSharp.torch.NewDisposeScope())
        {
            using var noGradient = TorchSharp.torch.no_grad();
            foreach (var (name, parameter) in model.named_parameters())
            {
                table.Add(name, $"[{string.Join(", ", parameter.shape)}]", Number.Count(parameter.numel()), parameter.numel() < 2 ? "" : Number.Short(parameter.to(TorchSharp.torch.float32).std().cpu().item<float>()));
            }
        }

        var described = Of(model.Config);
        return MimeBundle.OfHtml(described.Html + Html.Folded("every weight", table.Html()), described.PlainText);
    }

    /// <summary>A part of a model.</summary>
    internal sealed record Row(string Part, string Weights, string Shape, int Copies, long Parameters);

    /// <summary>The parts in the order of the forward pass; parameters times copies add up to the model's.</summary>
    internal static IReadOnlyList<Row> Rows(ModelConfig config)
    {
        long c = config.EmbeddingSize, f = config.FeedForwardSize;
        var (layers, pre) = (config.LayerCount, config.Norm == NormPlacement.Pre);
        var norm = (string name, string weights) => new Row(name, weights, $"[{c}] gain, [{c}] bias", layers, 2 * c);
        var attention = new[]
        {
            new Row("queries, keys, values", "h.*.attn.c_attn", $"[{3 * c}, {c}]{(config.QueryKeyValueBias ? $", [{3 * c}]" : "")}", layers, 3 * c * c + (config.QueryKeyValueBias ? 3 * c : 0)),
            new Row("attention output", "h.*.attn.c_proj", $"[{c}, {c}], [{c}]", layers, c * c + c),
        };
        var feedForward = new[]
        {
            new Row("feed-forward in", "h.*.mlp.c_fc", $"[{f}, {c}], [{f}]", layers, f * c + f),
            new Row("feed-forward out", "h.*.mlp.c_proj", $"[{c}, {f}], [{c}]", layers, f * c + c),
        };
        Row[] embeddings = [new("tokens", "wte", $"[{config.VocabularySize}, {c}]", 1, config.VocabularySize * c), new("positions", "wpe", $"[{config.ContextLength}, {c}]", 1, config.ContextLength * c)];
        Row[] block = pre
            ? [norm("norm", "h.*.ln_1"), .. attention, norm("norm", "h.*.ln_2"), .. feedForward]
            : [.. attention, norm("norm", "h.*.ln_1"), .. feedForward, norm("norm", "h.*.ln_2")];
        Row[] end = pre ? [new("last norm", "ln_f", $"[{c}] gain, [{c}] bias", 1, 2 * c)] : [];
        return [.. embeddings, .. block, .. end, new("next-token scores", "wte again", $"[{config.VocabularySize}, {c}]", 1, 0)];
    }

    private static string PatternNames(ModelConfig config) => string.Join(", ", config.Attention.Select(pattern => pattern.Label));

    private static string Patterns(ModelConfig config) => "<div style=\"display:flex;gap:14px;margin:4px 0 8px\">" + string.Concat(config.Attention.Select((pattern, i) =>
        $"<figure style=\"margin:0;text-align:center;font-size:85%\">{PatternDisplay.Picture(pattern, config.ContextLength, 72)}<figcaption>{Html.Escape(pattern.Label)}<br>{Html.Escape(Layers(config, i))}</figcaption></figure>")) + "</div>";

    private static string Layers(ModelConfig config, int entry)
    {
        var layers = Enumerable.Range(0, config.LayerCount).Where(layer => layer % config.Attention.Count == entry).ToArray();
        return layers.Length == config.LayerCount ? "all layers" : $"layer {string.Join(", ", layers.Take(4))}{(layers.Length > 4 ? ", …" : "")}";
    }
}
