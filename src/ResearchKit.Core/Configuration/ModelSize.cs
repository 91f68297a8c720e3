namespace ResearchKit.Core.Configuration;

/// <summary>What a model needs, by arithmetic on its configuration: parameters, memory, floating-point operations. Nothing is allocated.</summary>
/// <remarks>
/// Letters as in the papers: L layers, C width, F feed-forward width, V vocabulary, B texts, T positions of a text, w window of a banded layer.
/// Impossible configurations (GPT-3 XL and 13B as printed) are counted by the same formulas.
/// </remarks>
public sealed record ModelSize
{
    private readonly ModelConfig _config;

    private ModelSize(ModelConfig config)
    {
        _config = config;
        long c = config.EmbeddingSize, f = config.FeedForwardSize, l = config.LayerCount;
        TokenEmbedding = config.VocabularySize * c;
        PositionEmbedding = config.ContextLength * c;
        Attention = l * (4 * c * c + c + (config.QueryKeyValueBias ? 3 * c : 0));
        FeedForward = l * (2 * c * f + f + c);
        Norms = l * 4 * c + (config.Norm == NormPlacement.Pre ? 2 * c : 0);
    }

    /// <summary>Sizes of one configuration.</summary>
    public static ModelSize Of(ModelConfig config) => new(config);

    /// <summary>Parameters of the token embedding, V · C, which is also the output matrix (tied).</summary>
    public long TokenEmbedding { get; }

    /// <summary>Parameters of the learned positions, n_ctx · C.</summary>
    public long PositionEmbedding { get; }

    /// <summary>Parameters of all attention layers: query, key, value and output projections with their biases.</summary>
    public long Attention { get; }

    /// <summary>Parameters of all feed-forward layers.</summary>
    public long FeedForward { get; }

    /// <summary>Gains and biases of all LayerNorms.</summary>
    public long Norms { get; }

    /// <summary>All parameters.</summary>
    public long Parameters => TokenEmbedding + PositionEmbedding + Attention + FeedForward + Norms;

    /// <summary>Bytes of the weights.</summary>
    /// <param name="bytesPerElement">4 for float32 (default), 2 for bfloat16 or float16.</param>
    public long WeightBytes(int bytesPerElement = 4) => Parameters * bytesPerElement;

    /// <summary>Bytes of the gradients, float32.</summary>
    public long GradientBytes => Parameters * 4;

    /// <summary>Bytes of AdamW's two moments, float32.</summary>
    public long OptimizerBytes => Parameters * 8;

    /// <summary>Bytes of the activations that the backward pass needs, for B texts of T positions. Dropout masks and the copies of block-sparse attention come on top.</summary>
    /// <param name="B">Texts.</param>
    /// <param name="T">Positions of each.</param>
    /// <param name="recompute">Whether layers keep only their input and run again (gradient checkpointing).</param>
    /// <param name="bytesPerElement">4 for float32 (default).</param>
    /// <remarks>For each position and layer: layer input, its norm, 3 C of queries, keys and values, the weighted sum, the second branch's input and its norm (8 C), and both sides of the activation (2 F).
    /// Attention keeps one number for each head, not its T × T weights. The loss works in chunks of 256 rows of V logits.</remarks>
    public long ActivationBytes(int B, int T, bool recompute = false, int bytesPerElement = 4)
    {
        long c = _config.EmbeddingSize, f = _config.FeedForwardSize, l = _config.LayerCount;
        var layer = 8 * c + 2 * f + _config.HeadCount;
        var layers = recompute ? l * c + layer : l * layer;
        var chunk = Math.Min(256L, (long)B * T) * _config.VocabularySize * 2 * 4;
        return (long)B * T * (layers + 2 * c) * bytesPerElement + chunk;
    }

    /// <summary>Bytes of keys and values of B texts after T positions; a banded layer holds at most w of them.</summary>
    /// <param name="B">Texts.</param>
    /// <param name="T">Positions of each, at most n_ctx.</param>
    /// <param name="bytesPerElement">4 for float32 (default).</param>
    public long CacheBytes(int B, int T, int bytesPerElement = 4)
    {
        var positions = 0L;
        for (var layer = 0; layer < _config.LayerCount; layer++)
        {
            positions += _config.PatternAt(layer) switch
            {
                LocalAttention local => Math.Min(local.Window, T),
                StridedAttention { Heads: FactorUse.First } strided => Math.Min(strided.Stride, T),
                _ => T,
            };
        }

        return B * positions * 2 * _config.EmbeddingSize * bytesPerElement;
    }

    /// <summary>Matrix operations of one forward pass for each token of a text of T tokens: 2 for every multiply-add, attention by its pattern, so a causal half counts half.</summary>
    /// <param name="T">Positions of the text, at most n_ctx.</param>
    public double ForwardFlopsPerToken(int T)
    {
        double c = _config.EmbeddingSize, f = _config.FeedForwardSize;
        var keys = 0.0;
        for (var layer = 0; layer < _config.LayerCount; layer++) keys += KeysPerQuery(_config.PatternAt(layer), T, _config.HeadCount);
        var matrices = _config.LayerCount * (4 * c * c + 2 * c * f) + _config.VocabularySize * c;
        return 2 * matrices + 4 * c * keys;
    }

    /// <summary>Matrix operations of one training step for each token: three times the forward pass, since the backward pass multiplies for inputs and for weights.</summary>
    /// <param name="T">Positions of the text, at most n_ctx.</param>
    public double TrainingFlopsPerToken(int T) => 3 * ForwardFlopsPerToken(T);

    /// <summary>C = 6 N D, the estimate of Brown et al. 2020 Table D.1: N parameters, D tokens, attention over positions left out.</summary>
    public double TrainingFlopsEstimate(double tokens) => 6.0 * Parameters * tokens;

    /// <summary>Mean number of keys that a query of a text of T positions sees, over positions and heads.</summary>
    public static double KeysPerQuery(AttentionPattern pattern, int T, int headCount)
    {
        if (pattern is DenseAttention) return (T + 1) / 2.0;
        var total = 0.0;
        for (var variant = 0; variant < pattern.HeadVariants; variant++)
        {
            var heads = (headCount - variant + pattern.HeadVariants - 1) / pattern.HeadVariants;
            for (var i = 0; i < T && heads > 0; i++) total += (double)heads * KeysOf(pattern, variant, i);
        }

        return total / headCount / T;
    }

    /// <summary>Number of keys that the query at position i sees; equals counting <see cref="AttentionPattern.Allows(int, int, int)"/>.</summary>
    private static long KeysOf(AttentionPattern pattern, int head, int i)
    {
        switch (pattern)
        {
            case LocalAttention local:
                return Math.Min(i + 1, local.Window);
            case StridedAttention strided:
                var band = Math.Min(i + 1, strided.Stride);
                var before = i / strided.Stride;                         // column entries apart from the position itself
                return strided.Heads switch { FactorUse.First => band, FactorUse.Second => before + 1, _ => band + before };
            case FixedAttention block:
                var (column, earlier) = (i % block.Stride, (long)(i / block.Stride) * block.Summary);
                var first = block.Stride - block.Summary * (head + 1);
                var ownSummaries = Math.Clamp(column - first + 1, 0, block.Summary);
                var self = column >= first && column < first + block.Summary ? 0 : 1;
                return block.Heads switch { FactorUse.First => column + 1, FactorUse.Second => earlier + ownSummaries + self, _ => earlier + column + 1 };
            case CustomAttention own:
                return Enumerable.Range(0, i + 1).LongCount(j => own.Allows(i, j));
            default:
                return i + 1;
        }
    }
}
