using System.Text.Json;
using ResearchKit.Experiments.Reporting;

namespace ResearchKit.Experiments;

/// <summary>A pre-training's metrics file as a curve that a page can hold.</summary>
public static class LearningCurve
{
    private const int MostTrainPoints = 200;

    /// <summary>Reads <c>metrics.jsonl</c>: training losses averaged into at most 200 points, and every evaluation's first validation loss.</summary>
    public static IReadOnlyList<LearningPoint> Read(string path)
    {
        var train = new List<(long Step, long Tokens, double Loss)>();
        var points = new List<LearningPoint>();
        foreach (var line in File.ReadLines(path))
        {
            using var record = JsonDocument.Parse(line);
            var root = record.RootElement;
            var (step, tokens) = (root.GetProperty("step").GetInt64(), root.GetProperty("tokens").GetInt64());
            if (root.TryGetProperty("loss", out var loss)) train.Add((step, tokens, loss.GetDouble()));
            var validation = root.EnumerateObject().Where(property => property.Name.StartsWith("validation_loss/", StringComparison.Ordinal) && property.Value.ValueKind == JsonValueKind.Number).ToList();
            if (validation.Count > 0) points.Add(new LearningPoint(step, tokens, null, validation[0].Value.GetDouble()));
        }

        var size = Math.Max(1, (train.Count + MostTrainPoints - 1) / MostTrainPoints);
        points.AddRange(train.Chunk(size).Select(chunk => new LearningPoint(chunk[^1].Step, chunk[^1].Tokens, chunk.Average(point => point.Loss))));
        return [.. points.OrderBy(point => point.Step).ThenBy(point => point.ValidationLoss is null)];
    }
}
