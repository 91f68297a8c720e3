using ResearchKit.Core;
using ResearchKit.Models.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace ResearchKit.Models;

/// <summary>Full logits of token sequences as a safetensors file, for comparing with other implementations.</summary>
public static class LogitsFile
{
    /// <summary>Writes tensor <c>logits</c> [B, T, V] float32.</summary>
    /// <param name="model">Evaluated without dropout; its mode stays.</param>
    /// <param name="tokens">B sequences of equal length T, 1 ≤ T ≤ n_ctx, ids in [0, V).</param>
    /// <param name="path">Target file; written atomically.</param>
    /// <exception cref="ConfigException">Sequences that the model can't read, with the first offender named.</exception>
    public static void Write(Gpt model, IReadOnlyList<int[]> tokens, string path)
    {
        var (length, vocabulary) = (tokens.Count == 0 ? 0 : tokens[0].Length, model.Config.VocabularySize);
        if (length == 0) throw new ConfigException("tokens: no ids; expected [[ids…], …] with at least one id in each list.");
        if (length > model.Config.ContextLength) throw new ConfigException($"tokens: {length} ids a list, but the model's n_ctx is {model.Config.ContextLength}.");
        for (var row = 0; row < tokens.Count; row++)
        {
            if (tokens[row].Length != length) throw new ConfigException($"tokens[{row}] has {tokens[row].Length} ids, tokens[0] has {length}: all lists must be equally long.");
            var wrong = Array.FindIndex(tokens[row], id => id < 0 || id >= vocabulary);
            if (wrong >= 0) throw new ConfigException($"tokens[{row}][{wrong}] ({tokens[row][wrong]}) lies outside the vocabulary [0, {vocabulary}).");
        }

        using var evaluation = new EvaluationMode(model);
        using var scope = NewDisposeScope();
        var input = tensor(tokens.SelectMany(row => row.Select(id => (long)id)).ToArray(), tokens.Count, length, device: model.Device);   // [B, T] Int64
        var logits = model.call(input).to(ScalarType.Float32).cpu();                                                               // [B, T, V]
        SafetensorsWriter.Write(path, [KeyValuePair.Create("logits", logits)]);
    }
}
