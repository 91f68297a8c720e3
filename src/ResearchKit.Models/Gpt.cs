using System.Globalization;
using ResearchKit.Core.Configuration;
using ResearchKit.Core.Data;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace ResearchKit.Models;

/// <summary>GPT-1, GPT-2, GPT-3-style and GPT-Neo language models, chosen by <see cref="ModelConfig"/>; read this file top to bottom.</summary>
/// <remarks>
/// Letters in shape comments: B batch, T positions of this batch, S keys (T plus what is cached), C residual width, H heads, D width of one head, F feed-forward width, V vocabulary.
/// Parameter names are those of the published GPT-2 files (<c>h.0.attn.c_attn.weight</c>), matrices [out, in].
/// Modules are registered by those names explicitly (RegisterComponents would take the field names).
/// The output matrix is the token embedding (tied), so there is no head module. This file does not read files or train.
/// </remarks>
public sealed class Gpt : Module<Tensor, Tensor>
{
    /// <summary>Target value that carries no loss.</summary>
    public const long IgnoredTarget = TokenBatch.NoLoss;

    private readonly Embedding _tokenEmbedding;
    private readonly Embedding _positionEmbedding;
    private readonly ModuleList<Block> _blocks;
    private readonly LayerNorm? _finalNorm;
    private readonly double _embeddingDropout;
    private Dictionary<Module, Int8Matrix>? _rounded;

    /// <summary>Builds a model with freshly drawn weights.</summary>
    /// <param name="config">Validated here.</param>
    /// <param name="seed">Seed of the initial weights; equal seeds give equal weights.</param>
    /// <exception cref="Core.ConfigException">The configuration is impossible.</exception>
    public Gpt(ModelConfig config, long seed = 0) : this(config) => WeightInitialization.Apply(this, seed);

    private Gpt(ModelConfig config) : base(nameof(Gpt))
    {
        Config = config.Validated();
        _tokenEmbedding = Uninitialized.Embedding(config.VocabularySize, config.EmbeddingSize);
        _positionEmbedding = Uninitialized.Embedding(config.ContextLength, config.EmbeddingSize);
        _blocks = new ModuleList<Block>(Enumerable.Range(0, config.LayerCount).Select(layer => new Block(config, layer)).ToArray());
        _finalNorm = config.Norm == NormPlacement.Pre ? LayerNorm(config.EmbeddingSize, config.LayerNormEpsilon) : null;
        _embeddingDropout = config.EmbeddingDropoutProbability;
        register_module("wte", _tokenEmbedding);
        register_module("wpe", _positionEmbedding);
        register_module("h", _blocks);
        if (_finalNorm is not null) register_module("ln_f", _finalNorm);
        // Embedding's parameters would otherwise die with a scope that the caller may have open.
        foreach (var parameter in parameters()) parameter.DetachFromDisposeScope();
    }

    /// <summary>A model whose weights are about to be read from a file: drawing them first would cost time and memory.</summary>
    internal static Gpt WithoutInitialization(ModelConfig config) => new(config);

    /// <summary>The configuration the model was built from.</summary>
    public ModelConfig Config { get; }

    /// <summary>Whether training keeps only the input of every layer and computes the layer again in the backward pass (gradient checkpointing). Default false.</summary>
    /// <remarks>Equal gradients, about a third more time, activations of one layer instead of L.</remarks>
    public bool RecomputesBlocks { get; set; }

    /// <summary>Device of the weights.</summary>
    public Device Device
    {
        get
        {
            using var scope = NewDisposeScope();                                      // every read of Embedding.weight is a new handle
            return _tokenEmbedding.weight!.device;
        }
    }

    /// <summary>Element type of the weights.</summary>
    public ScalarType DType
    {
        get
        {
            using var scope = NewDisposeScope();
            return _tokenEmbedding.weight!.dtype;
        }
    }

    /// <summary>Logits of the next token at every position.</summary>
    /// <param name="tokens">[B, T] Int64, T ≤ n_ctx.</param>
    /// <returns>[B, T, V] in the model's dtype.</returns>
    public override Tensor forward(Tensor tokens)
    {
        using var scope = NewDisposeScope();
        return Logits(Hidden(tokens)).MoveToOuterDisposeScope();                      // [B, T, V]
    }

    /// <summary>Final hidden states, after the final LayerNorm where there is one.</summary>
    /// <param name="tokens">[B, T] Int64.</param>
    /// <returns>[B, T, C].</returns>
    public Tensor Hidden(Tensor tokens) => Hidden(tokens, WholeTextPass.Instance, null);

    /// <summary>Final hidden states of new tokens behind a cache, which grows by them. No gradients.</summary>
    /// <param name="tokens">[B, T] Int64, one row for each row of the cache, padded on the right.</param>
    /// <param name="cache">What was read before. Rows of different lengths take one token each, or their first prompts.</param>
    /// <param name="counts">Real tokens of each row, 1 … T; null (default) means T.</param>
    /// <returns>[B, T, C]; states at padding mean nothing.</returns>
    /// <exception cref="InvalidOperationException">The cache is full, or rows of different lengths get several tokens.</exception>
    public Tensor Hidden(Tensor tokens, KeyValueCache cache, int[]? counts = null)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var T = (int)tokens.size(1);
        counts ??= Enumerable.Repeat(T, cache.RowCount).ToArray();
        if (tokens.size(0) != cache.RowCount || counts.Length != cache.RowCount)
        {
            throw new ArgumentException($"tokens: expected {cache.RowCount} rows as in the cache, got {tokens.size(0)} with {counts.Length} counts.", nameof(tokens));
        }

        for (var row = 0; row < counts.Length; row++) cache.RequireRoom(row, counts[row]);
        var hidden = cache.AllowsSingleTokenForward && T == 1 && counts[0] == 1 && !HasDropout
            ? SingleTokenForward.Hidden(this, cache, RequireId(tokens.item<long>()))
            : Hidden(tokens, new CachedPass(this, cache, T, counts), null);            // [B, T, C]
        cache.Advance(counts);
        return hidden.MoveToOuterDisposeScope();
    }

    // libtorch checks ids of whole texts; the plain loops over the weights do not.
    private int RequireId(long id) => id >= 0 && id < Config.VocabularySize ? (int)id
        : throw new ArgumentOutOfRangeException("tokens", id, $"Token ids must lie between 0 and {Config.VocabularySize - 1}.");

    /// <summary>Hidden states of every layer, for study.</summary>
    /// <param name="tokens">[B, T] Int64.</param>
    /// <returns>L + 1 tensors [B, T, C]: the embedding sum, then the output of every layer; in pre-norm models the last is after the final LayerNorm (as Hugging Face returns them).</returns>
    public IReadOnlyList<Tensor> HiddenStates(Tensor tokens)
    {
        var states = new List<Tensor>();
        states.Add(Hidden(tokens, WholeTextPass.Instance, states));
        return states;
    }

    /// <summary>Attention weights of every layer, for study, by the explicit softmax.</summary>
    /// <param name="tokens">[B, T] Int64.</param>
    /// <returns>L tensors [B, H, T, T]; every row sums to 1.</returns>
    public IReadOnlyList<Tensor> Attentions(Tensor tokens)
    {
        var pass = new RecordingPass();
        using var scope = NewDisposeScope();
        Hidden(tokens, pass, null);
        return pass.Weights;
    }

    /// <summary>Output projection with the tied embedding.</summary>
    /// <param name="hidden">[…, C].</param>
    /// <returns>[…, V].</returns>
    public Tensor Logits(Tensor hidden)
    {
        using var scope = NewDisposeScope();
        return MatrixVector.Linear(hidden, _tokenEmbedding.weight!, Rounded(_tokenEmbedding)).MoveToOuterDisposeScope();
    }

    /// <summary>Mean next-token loss over the targets that are not <see cref="IgnoredTarget"/>.</summary>
    /// <param name="tokens">[B, T] Int64.</param>
    /// <param name="targets">[B, T] Int64, token t+1 of each position or <see cref="IgnoredTarget"/>.</param>
    /// <returns>Scalar, nats per token; NaN where every target is ignored.</returns>
    public Tensor Loss(Tensor tokens, Tensor targets)
    {
        using var scope = NewDisposeScope();
        var (sum, count) = LossSum(tokens, targets);
        return (sum / count).MoveToOuterDisposeScope();
    }

    /// <summary>Sum of the next-token losses and their number, for batches that are averaged over more than one call. The full logits are never kept.</summary>
    /// <param name="tokens">[B, T] Int64.</param>
    /// <param name="targets">[B, T] Int64, token t+1 of each position or <see cref="IgnoredTarget"/>.</param>
    /// <returns>Scalar sum in nats, with gradients; scalar Int64 number of targets that are not <see cref="IgnoredTarget"/>. Both stay on the device.</returns>
    public (Tensor Sum, Tensor Count) LossSum(Tensor tokens, Tensor targets)
    {
        using var scope = NewDisposeScope();
        var weight = _tokenEmbedding.weight!;                                          // [V, C]
        var tied = is_grad_enabled() ? new TiedEmbedding() : null;
        var hidden = Hidden(tokens, WholeTextPass.Instance, null, tied).view(-1, Config.EmbeddingSize);   // [B·T, C]
        var sum = OutputLoss.Sum(hidden, weight, targets.reshape(-1), tied);
        return (sum.MoveToOuterDisposeScope(), targets.ne(IgnoredTarget).sum().MoveToOuterDisposeScope());
    }

    /// <summary>Whether <see cref="RoundToInt8"/> was called.</summary>
    public bool IsRoundedToInt8 => _rounded is not null;

    /// <summary>Memory of the eight-bit weights with their scales, bytes: what a decoded token reads. 0 where they are not rounded.</summary>
    public long Int8Bytes => _rounded?.Values.Sum(matrix => matrix.Bytes) ?? 0;

    /// <summary>Rounds every matrix to eight bits (the token embedding, which is the output matrix too, and the four of every layer; not positions, biases and LayerNorms), in groups of 64 columns that share a scale.</summary>
    /// <remarks>
    /// The float32 weights become their rounded values, so every way to ask the model gives the answers of one and the same model. Beside them stand the eight-bit ones,
    /// a quarter more memory, which decoding of one text on the CPU reads instead, in about half the time. What rounding costs in accuracy is measured as for any other model.
    /// Its weights ask for no gradients any more: <see cref="Clone"/> gives a model that can be trained.
    /// </remarks>
    /// <exception cref="Core.ConfigException">The weights are not float32 on the CPU, a matrix has 2 GiB or more, or a weight is not finite. The model is unchanged.</exception>
    public void RoundToInt8()
    {
        if (IsRoundedToInt8) return;
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var matrices = new Dictionary<Module, Tensor> { [_tokenEmbedding] = _tokenEmbedding.weight! };
        foreach (var block in _blocks)
        {
            var weights = block.Weights;
            foreach (var map in new[] { weights.QueryKeyValue, weights.AttentionOutput, weights.Expand, weights.Contract }) matrices.Add(map, map.weight!);
        }

        if (!matrices.Values.All(MatrixVector.IsPlain)) throw new Core.ConfigException($"Only float32 matrices of less than 2 GiB on the CPU can be rounded to int8, these are {DType} on {Device}: round first, then move the model.");
        var rounded = matrices.ToDictionary(matrix => matrix.Key, matrix => Int8Matrix.Round(matrix.Value));
        foreach (var (module, weight) in matrices) rounded[module].CopyTo(weight);
        foreach (var parameter in parameters()) parameter.requires_grad = false;
        _rounded = rounded;
    }

    /// <summary>A model with the same weights and nothing shared.</summary>
    public Gpt Clone()
    {
        var copy = WithoutInitialization(Config);
        copy.to(DType).to(Device);
        using (no_grad())
        {
            using var scope = NewDisposeScope();
            foreach (var (to, from) in copy.parameters().Zip(parameters())) to.copy_(from);
        }

        copy.train(training);
        copy.RecomputesBlocks = RecomputesBlocks;
        return copy;
    }

    /// <summary>Takes embeddings and the first layers from another model, with all layers also the final LayerNorm; the rest keeps its own weights. GPT-1's ablation of transferred layers (Radford et al. 2018 §5, Figure 2 left).</summary>
    /// <param name="source">Model of the same widths. A larger vocabulary here keeps its extra rows.</param>
    /// <param name="layerCount">Layers to take, 0 … L; 0 takes the embeddings alone.</param>
    /// <exception cref="ArgumentException">The models' shapes differ.</exception>
    public void CopyFirstLayersFrom(Gpt source, int layerCount)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(layerCount);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(layerCount, Math.Min(Config.LayerCount, source.Config.LayerCount));
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var own = named_parameters().ToDictionary(entry => entry.name, entry => entry.parameter);
        foreach (var (name, parameter) in source.named_parameters())
        {
            var parts = name.Split('.');
            var taken = parts[0] switch
            {
                "h" => int.Parse(parts[1], CultureInfo.InvariantCulture) < layerCount,
                "ln_f" => layerCount == source.Config.LayerCount,
                _ => true,
            };
            if (!taken) continue;
            if (!own.TryGetValue(name, out var target) || target.size(0) < parameter.size(0) || (parts[0] != "wte" && target.size(0) != parameter.size(0)) || target.size(-1) != parameter.size(-1))
            {
                throw new ArgumentException($"`{name}` is [{string.Join(", ", parameter.shape)}] in the source and [{string.Join(", ", target?.shape ?? [])}] here; only models of the same widths can share layers.", nameof(source));
            }

            target.narrow(0, 0, parameter.size(0)).copy_(parameter);
        }
    }

    /// <summary>Token embedding and output matrix, [V, C]; a new handle.</summary>
    public Tensor TokenEmbedding => _tokenEmbedding.weight!;

    /// <summary>Learned positions, [n_ctx, C]; a new handle.</summary>
    public Tensor PositionEmbedding => _positionEmbedding.weight!;

    /// <summary>LayerNorm before the output projection; null in post-norm models.</summary>
    internal LayerNorm? FinalNorm => _finalNorm;

    /// <summary>The weights of one of the model's matrices in eight bits; null where they are not rounded.</summary>
    internal Int8Matrix? Rounded(Module module) => _rounded?[module];

    /// <summary>Modules of a layer.</summary>
    internal BlockWeights BlockWeights(int layer) => _blocks[layer].Weights;

    private bool HasDropout => training && Config.HasDropout;

    /// <summary>The one forward pass.</summary>
    /// <param name="tokens">[B, T] Int64.</param>
    /// <param name="pass">Finds positions, keys and values.</param>
    /// <param name="inputs">Collects the input of every layer; null keeps none.</param>
    /// <param name="tied">Joins the gradients of both uses of the token embedding; null where no loss of the next token follows.</param>
    internal Tensor Hidden(Tensor tokens, AttentionPass pass, List<Tensor>? inputs, TiedEmbedding? tied = null)
    {
        using var scope = NewDisposeScope();
        if (tokens.dim() != 2 || tokens.size(1) > Config.ContextLength && pass is WholeTextPass or RecordingPass)
        {
            throw new ArgumentException($"tokens: expected [B, T] with T ≤ {Config.ContextLength} (n_ctx), got [{string.Join(", ", tokens.shape)}].", nameof(tokens));
        }

        var positions = pass.PositionEmbeddings(_positionEmbedding.weight!, (int)tokens.size(1));   // [T, C] or [B, T, C]
        var embedded = tied is null ? _tokenEmbedding.call(tokens) : tied.Lookup(_tokenEmbedding.weight!, tokens);   // [B, T, C]
        var x = Dropout.Apply(embedded.Plus(positions), _embeddingDropout, training);   // [B, T, C]
        var recomputes = RecomputesBlocks && pass is WholeTextPass && is_grad_enabled() && x.requires_grad;
        var returned = recomputes ? new BlockRecomputation.ReturnedGradient() : null;
        foreach (var block in _blocks)
        {
            inputs?.Add(x.alias().MoveToOuterDisposeScope());
            x = recomputes ? BlockRecomputation.Apply(block, x, pass, HasDropout, returned!) : block.call(x, pass);   // [B, T, C]
        }

        return (_finalNorm is null ? x : _finalNorm.call(x)).MoveToOuterDisposeScope();
    }
}

/// <summary>One layer: attention and feed-forward, each on a residual branch.</summary>
internal sealed class Block : Module<Tensor, AttentionPass, Tensor>
{
    private readonly LayerNorm _attentionNorm;
    private readonly CausalSelfAttention _attention;
    private readonly LayerNorm _feedForwardNorm;
    private readonly FeedForward _feedForward;
    private readonly bool _preNorm;

    internal Block(ModelConfig config, int layer) : base(nameof(Block))
    {
        _preNorm = config.Norm == NormPlacement.Pre;
        _attentionNorm = LayerNorm(config.EmbeddingSize, config.LayerNormEpsilon);
        _attention = new CausalSelfAttention(config, layer);
        _feedForwardNorm = LayerNorm(config.EmbeddingSize, config.LayerNormEpsilon);
        _feedForward = new FeedForward(config);
        register_module("ln_1", _attentionNorm);
        register_module("attn", _attention);
        register_module("ln_2", _feedForwardNorm);
        register_module("mlp", _feedForward);
    }

    internal BlockWeights Weights => new(_attentionNorm, _attention.QueryKeyValue, _attention.Output, _feedForwardNorm, _feedForward.Expand, _feedForward.Contract);

    /// <summary>[B, T, C] to [B, T, C].</summary>
    public override Tensor forward(Tensor x, AttentionPass pass)
    {
        using var scope = NewDisposeScope();
        if (_preNorm)                                                                 // GPT-2, GPT-3: x + f(LN(x))
        {
            x = x.Plus(_attention.call(_attentionNorm.call(x), pass));                // [B, T, C]
            x = x.Plus(_feedForward.call(_feedForwardNorm.call(x)));                  // [B, T, C]
        }
        else                                                                          // GPT-1: LN(x + f(x))
        {
            x = _attentionNorm.call(x.Plus(_attention.call(x, pass)));                // [B, T, C]
            x = _feedForwardNorm.call(x.Plus(_feedForward.call(x)));                  // [B, T, C]
        }

        return x.MoveToOuterDisposeScope();
    }
}

/// <summary>Multi-head causal self-attention under the layer's pattern.</summary>
internal sealed class CausalSelfAttention : Module<Tensor, AttentionPass, Tensor>
{
    private readonly Linear _queryKeyValue;
    private readonly Linear _output;
    private readonly AttentionLayer _layer;
    private readonly int _headCount;
    private readonly double _attentionDropout;
    private readonly double _residualDropout;

    internal CausalSelfAttention(ModelConfig config, int layer) : base(nameof(CausalSelfAttention))
    {
        _layer = new AttentionLayer(layer, AttentionKernels.Simplest(config.PatternAt(layer)), config.ScaleAttention, 0.0);
        _headCount = config.HeadCount;
        (_attentionDropout, _residualDropout) = (config.AttentionDropoutProbability, config.ResidualDropoutProbability);
        _queryKeyValue = Uninitialized.Linear(config.EmbeddingSize, 3 * config.EmbeddingSize, hasBias: config.QueryKeyValueBias);
        _output = Uninitialized.Linear(config.EmbeddingSize, config.EmbeddingSize);
        register_module("c_attn", _queryKeyValue);
        register_module("c_proj", _output);
    }

    internal Linear QueryKeyValue => _queryKeyValue;

    internal Linear Output => _output;

    /// <summary>[B, T, C] to [B, T, C].</summary>
    public override Tensor forward(Tensor x, AttentionPass pass)
    {
        using var scope = NewDisposeScope();
        var qkv = SplitHeads(_queryKeyValue.call(x));                                               // [3, B, H, T, D]
        var y = pass.Attend(training ? _layer with { DropoutProbability = _attentionDropout } : _layer, qkv);   // [B, H, T, D]
        return Dropout.Apply(_output.call(MergeHeads(y)), _residualDropout, training).MoveToOuterDisposeScope();   // [B, T, C]
    }

    /// <summary>[B, T, 3C] to [3, B, H, T, D], without a copy.</summary>
    private Tensor SplitHeads(Tensor x) => x.view(x.size(0), x.size(1), 3, _headCount, -1).permute(2, 0, 3, 1, 4);

    /// <summary>[B, H, T, D] to [B, T, C].</summary>
    private static Tensor MergeHeads(Tensor x) => x.transpose(1, 2).reshape(x.size(0), x.size(2), -1);
}

/// <summary>C → F → C with GELU.</summary>
internal sealed class FeedForward : Module<Tensor, Tensor>
{
    private readonly Linear _expand;
    private readonly Linear _contract;
    private readonly TorchSharp.Modules.GELU.Approximate _approximation;
    private readonly double _residualDropout;

    internal FeedForward(ModelConfig config) : base(nameof(FeedForward))
    {
        _expand = Uninitialized.Linear(config.EmbeddingSize, config.FeedForwardSize);
        _contract = Uninitialized.Linear(config.FeedForwardSize, config.EmbeddingSize);
        _approximation = config.Activation == Activation.GeluTanh ? TorchSharp.Modules.GELU.Approximate.tanh : TorchSharp.Modules.GELU.Approximate.none;
        _residualDropout = config.ResidualDropoutProbability;
        register_module("c_fc", _expand);
        register_module("c_proj", _contract);
    }

    internal Linear Expand => _expand;

    internal Linear Contract => _contract;

    /// <summary>[B, T, C] to [B, T, C].</summary>
    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        var y = functional.gelu(_expand.call(x), _approximation);                     // [B, T, F]
        return Dropout.Apply(_contract.call(y), _residualDropout, training).MoveToOuterDisposeScope();   // [B, T, C]
    }
}

/// <summary>Dropout that costs nothing where it does nothing.</summary>
internal static class Dropout
{
    public static Tensor Apply(Tensor x, double probability, bool training) => training && probability > 0 ? functional.dropout(x, probability) : x;
}
