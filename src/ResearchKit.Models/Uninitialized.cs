using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ResearchKit.Models;

/// <summary>Modules whose weights are reserved memory and nothing else.</summary>
/// <remarks>The constructors of torch.nn draw weights from the global generator, which every caller here overwrites: a third of a second for 124M parameters, and a hidden use of global state.</remarks>
internal static class Uninitialized
{
    /// <summary>Token or position table, [rows, width].</summary>
    public static Embedding Embedding(long rows, long width)
    {
        var embedding = nn.Embedding(1, width);                          // one row is drawn and dropped
        var placeholder = embedding.parameters().Single();
        embedding.weight = new Parameter(empty(rows, width));
        placeholder.Dispose();
        return embedding;
    }

    /// <summary>Affine map, weight [outputs, inputs].</summary>
    public static Linear Linear(long inputs, long outputs, bool hasBias = true)
    {
        var linear = nn.Linear(inputs, outputs, hasBias, device: META);
        linear.weight = new Parameter(empty(outputs, inputs));
        if (hasBias) linear.bias = new Parameter(empty(outputs));
        return linear;
    }
}
