using System.Globalization;
using ResearchKit.Experiments;
using ResearchKit.Experiments.Reporting;

namespace ResearchKit.Benchmarking.Cases;

/// <summary>Writing the report of a large run.</summary>
internal sealed class ReportSpeed : BenchmarkCase
{
    private const int ItemCount = 10_000, CellCount = 6;

    public override string Name => "report";

    public override string Description => "Writing the page, tables and data of a run of 10,000 items with six results each.";

    public override void Run(BenchmarkContext context)
    {
        var model = Model();
        var folder = Directory.CreateTempSubdirectory("rk-bench-").FullName;
        try
        {
            var turns = new Turns().Add("report", () => RunReport.Write(folder, model)).Run(context.Quick ? 3 : 7, context);
            var page = new FileInfo(Path.Combine(folder, "report.html")).Length;
            context.Add(new BenchmarkRow
            {
                Case = context.Case, What = "10,000 items, 6 results each", Value = turns.Seconds("report"), Unit = "s", Repetitions = turns.Count, Goal = 5, LessIsBetter = true,
                Note = FormattableString.Invariant($"{turns.CpuSeconds("report"):0.00} s of processor time; page of {page / 1e6:0.0} MB"),
            });
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static ReportModel Model()
    {
        var ids = Enumerable.Range(0, ItemCount).Select(i => i.ToString("item-00000", CultureInfo.InvariantCulture)).ToArray();
        double? Score(int cell, int item) => (item * 7 + cell * 3) % 5 < 2 + cell % 3 ? 1 : 0;
        string Cell(int cell) => FormattableString.Invariant($"cell-{cell}");
        return new ReportModel
        {
            Title = "Benchmark",
            Question = "How long does a large report take?",
            Models = [new ModelEntry { Name = "model", Family = "gpt2", Parameters = 124_439_808 }],
            Tasks = [new TaskEntry { Name = "task", Metric = "accuracy", ItemCount = ItemCount, ItemIds = ids, ChanceLevel = 0.25 }],
            InContext = [.. Enumerable.Range(0, CellCount).Select(cell => new InContextCell
            {
                Id = Cell(cell), Model = "model", Task = "task", K = cell / 2 * 8, Seed = cell % 2, ItemCount = ItemCount,
                Score = Enumerable.Range(0, ItemCount).Average(item => Score(cell, item)!.Value),
                ItemScores = [.. Enumerable.Range(0, ItemCount).Select(item => Score(cell, item))],
            })],
            Items = [.. ids.Select((id, item) => new ItemRecord
            {
                Task = "task", Id = id, Text = $"Question {id}: which of the four answers that follow is the one that a reader of the passage would give?",
                Choices = ["the first", "the second", "the third", "the fourth"], Gold = item % 4,
                Predictions = [.. Enumerable.Range(0, CellCount).Select(cell => new ItemPrediction { Cell = Cell(cell), Score = Score(cell, item)!.Value, Predicted = (item + cell) % 4 })],
            })],
        };
    }
}
