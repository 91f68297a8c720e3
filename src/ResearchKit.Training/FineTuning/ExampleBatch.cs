using ResearchKit.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace ResearchKit.Training.FineTuning;

/// <summary>Examples with equally many sequences, padded on the right to the longest of them. Padding changes nothing: attention is causal, and no loss falls on it.</summary>
internal sealed class ExampleBatch
{
    /// <summary>Tokens from which on a group may end for the sake of less padding; smaller passes waste more on calls than they save.</summary>
    private const int EnoughTokens = 256;

    /// <summary>A group may end where the next sequence is this many times as long as its shortest.</summary>
    private const double LongestToShortest = 1.25;

    private readonly long[] _tokens;
    private readonly long[] _extracts;
    private readonly int _length;

    public ExampleBatch(IReadOnlyList<EncodedExample> examples)
    {
        Examples = examples;
        SequenceCount = examples[0].Sequences.Count;
        _length = examples.Max(example => example.Length);
        var sequences = examples.SelectMany(example => example.Sequences).ToArray();
        _tokens = new long[sequences.Length * _length];
        _extracts = new long[sequences.Length];
        for (var row = 0; row < sequences.Length; row++)
        {
            for (var t = 0; t < sequences[row].Length; t++) _tokens[row * _length + t] = sequences[row][t];
            _extracts[row] = row * _length + sequences[row].Length - 1;
        }
    }

    public IReadOnlyList<EncodedExample> Examples { get; }

    /// <summary>Sequences of one example, S.</summary>
    public int SequenceCount { get; }

    /// <summary>Cuts examples into batches of similar length under a budget of tokens, padding included.</summary>
    /// <param name="examples">In any order.</param>
    /// <param name="tokenBudget">Most tokens of a batch; one example may exceed it.</param>
    public static IEnumerable<ExampleBatch> Grouped(IEnumerable<EncodedExample> examples, int tokenBudget)
    {
        var group = new List<EncodedExample>();
        foreach (var example in examples.OrderBy(example => example.Sequences.Count).ThenBy(example => example.Length))
        {
            if (group.Count > 0 && IsFull(group, example, tokenBudget))
            {
                yield return new ExampleBatch(group);
                group = [];
            }

            group.Add(example);
        }

        if (group.Count > 0) yield return new ExampleBatch(group);
    }

    private static bool IsFull(List<EncodedExample> group, EncodedExample next, int tokenBudget)
    {
        var sequences = group.Count * group[0].Sequences.Count;
        return group[0].Sequences.Count != next.Sequences.Count
            || (sequences + next.Sequences.Count) * next.Length > tokenBudget
            || (sequences * group[^1].Length >= EnoughTokens && next.Length > LongestToShortest * group[0].Length);
    }

    /// <summary>Hidden states of all positions, [N·S·T, C].</summary>
    public Tensor Hidden(Gpt model)
    {
        using var scope = NewDisposeScope();
        var tokens = tensor(_tokens, [_extracts.Length, _length], device: model.Device);       // [N·S, T] Int64
        return model.Hidden(tokens).flatten(0, 1).MoveToOuterDisposeScope();
    }

    /// <summary>Scores of the head.</summary>
    /// <param name="hidden">[N·S·T, C] of <see cref="Hidden"/>.</param>
    /// <param name="head">Reads at the extract tokens.</param>
    /// <returns>[N, classes] or [N, S].</returns>
    public Tensor TaskLogits(Tensor hidden, TaskHead head)
    {
        using var scope = NewDisposeScope();
        var states = hidden.index_select(0, tensor(_extracts, device: hidden.device));         // [N·S, C]
        return head.call(states.view(Examples.Count, SequenceCount, -1)).MoveToOuterDisposeScope();
    }

    /// <summary>Language-modelling loss of every sequence: mean over its targets, all tokens but the first (special tokens included), as in GPT-1's <c>train.py</c>.</summary>
    /// <param name="hidden">[N·S·T, C] of <see cref="Hidden"/>.</param>
    /// <param name="outputs">Output matrix, [V + 3 or more, C].</param>
    /// <returns>[N·S], nats per token.</returns>
    public Tensor LmLosses(Tensor hidden, Tensor outputs)
    {
        using var scope = NewDisposeScope();
        var (rows, targets, weights, owners) = (new List<long>(), new List<long>(), new List<float>(), new List<long>());
        for (var sequence = 0; sequence < _extracts.Length; sequence++)
        {
            var first = (long)sequence * _length;
            for (var row = first; row < _extracts[sequence]; row++)
            {
                rows.Add(row);
                targets.Add(_tokens[row + 1]);
                weights.Add(1f / (_extracts[sequence] - first));
                owners.Add(sequence);
            }
        }

        var states = hidden.index_select(0, tensor(rows.ToArray(), device: hidden.device));    // [M, C], padding left out
        var logits = nn.functional.linear(states, outputs).to(float32);                        // [M, V + 3]
        var losses = nn.functional.cross_entropy(logits, tensor(targets.ToArray(), device: hidden.device), reduction: nn.Reduction.None);   // [M]
        losses = losses * tensor(weights.ToArray(), device: hidden.device);
        return zeros([_extracts.Length], dtype: float32, device: hidden.device).index_add(0, tensor(owners.ToArray(), device: hidden.device), losses, 1).MoveToOuterDisposeScope();   // [N·S]
    }
}
