using TorchSharp;
using static TorchSharp.torch;

namespace ResearchKit.Models;

/// <summary>Log-probabilities of chosen tokens at chosen hidden states, without keeping logits of more than a few rows.</summary>
internal static class LogitScorer
{
    // 256 rows of 50,257 float32 logits are 51 MB: enough rows for the matrix product, little enough memory.
    private const int RowsPerChunk = 256;

    /// <summary>Scores queries, each a hidden row and a token.</summary>
    /// <param name="model">Gives the output projection.</param>
    /// <param name="hidden">[N, C], one row for every position that is scored; several queries may share a row.</param>
    /// <param name="rows">Row of each query, ascending.</param>
    /// <param name="targets">Token of each query.</param>
    /// <param name="logProbabilities">Filled with log P, nats.</param>
    /// <param name="isArgMax">Filled with whether the token is the most likely one.</param>
    public static void Score(Gpt model, Tensor hidden, ReadOnlySpan<int> rows, ReadOnlySpan<int> targets, Span<double> logProbabilities, Span<bool> isArgMax)
    {
        var start = 0;
        while (start < rows.Length)
        {
            using var scope = NewDisposeScope();
            var firstRow = rows[start];
            var end = start;
            while (end < rows.Length && rows[end] < firstRow + RowsPerChunk) end++;
            var rowCount = rows[end - 1] - firstRow + 1;
            var cells = new long[end - start];                                                          // of the logits, row after row
            for (var i = start; i < end; i++) cells[i - start] = (long)(rows[i] - firstRow) * model.Config.VocabularySize + targets[i];

            var logits = model.Logits(hidden.narrow(0, firstRow, rowCount)).to(ScalarType.Float32);    // [n, V]
            var logProbability = nn.functional.log_softmax(logits, dim: -1);                           // [n, V]
            var best = logits.argmax(-1).cpu().data<long>().ToArray();                                 // [n]
            var scores = logProbability.view(-1).index_select(0, tensor(cells, device: hidden.device)).cpu().data<float>().ToArray();  // one per query
            for (var i = start; i < end; i++)
            {
                logProbabilities[i] = scores[i - start];
                isArgMax[i] = best[rows[i] - firstRow] == targets[i];
            }

            start = end;
        }
    }
}
