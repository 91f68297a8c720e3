using TorchSharp;
using static TorchSharp.torch;

namespace ResearchKit.Models;

/// <summary>Next-token scores of several texts after one forward pass. Lives in the scope of that step.</summary>
internal sealed class StepOutput
{
    private readonly Tensor _logits;                                     // [rows, V] float32
    private readonly Tensor _logProbabilities;                           // [rows, V] float32
    private readonly long[] _best;
    private readonly float[] _bestLogProbabilities;

    public StepOutput(Tensor logits)
    {
        _logits = logits.to(ScalarType.Float32);
        _logProbabilities = nn.functional.log_softmax(_logits, dim: -1);
        var (values, indices) = _logProbabilities.max(-1);
        _best = indices.cpu().data<long>().ToArray();
        _bestLogProbabilities = values.cpu().data<float>().ToArray();
    }

    /// <summary>Most likely token of a row and its log-probability, nats.</summary>
    public (int Token, double LogProbability) Best(int row) => ((int)_best[row], _bestLogProbabilities[row]);

    /// <summary>V logits of a row.</summary>
    public float[] Logits(int row) => _logits[row].cpu().data<float>().ToArray();

    /// <summary>log P of a token, nats.</summary>
    public double LogProbability(int row, int token) => _logProbabilities[row, token].item<float>();

    /// <summary>The <paramref name="count"/> most likely tokens of a row, best first.</summary>
    public (int Token, double LogProbability)[] Top(int row, int count)
    {
        var (values, indices) = _logProbabilities[row].topk((int)Math.Min(count, _logits.size(1)));
        return [.. indices.cpu().data<long>().ToArray().Zip(values.cpu().data<float>().ToArray(), (token, value) => ((int)token, (double)value))];
    }
}
