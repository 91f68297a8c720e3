using System.CommandLine;
using ResearchKit.Evaluation.Metrics;
using ResearchKit.Experiments;
using static System.FormattableString;

namespace ResearchKit.Cli.Verbs;

/// <summary><c>rk compare</c>: two stored runs on their common items.</summary>
internal sealed class CompareVerb : Verb
{
    public override Command Command()
    {
        var first = new Argument<string>("RUN_A") { Description = "Run or results folder, such as runs/trial or results/quickstart." };
        var second = new Argument<string>("RUN_B") { Description = "Another one; or the same with --a and --b." };
        var task = new Option<string[]>("--task") { Description = "Compare this task only. May be given several times.", HelpName = "NAME" };
        var regime = new Option<string?>("--regime") { Description = "in_context or fine_tuning; both where absent.", HelpName = "REGIME" };
        var condition = new Option<string?>("--condition") { Description = "Condition of both runs: k4 (four shots), gpt1@256 (recipe gpt1 on 256 examples), a model, MODEL/k4, or k4/lm-eval under that protocol.", HelpName = "CONDITION" };
        var a = new Option<string?>("--a") { Description = "Condition of RUN_A alone.", HelpName = "CONDITION" };
        var b = new Option<string?>("--b") { Description = "Condition of RUN_B alone.", HelpName = "CONDITION" };
        var across = new Option<bool>("--across-protocols") { Description = "Compare in-context scores by different prompts or ways of scoring all the same." };
        var confidence = new Option<double>("--confidence") { Description = "Confidence of the intervals.", DefaultValueFactory = _ => 0.95 };
        var json = Json();
        var command = new Command("compare", """
            Compares two stored runs item by item: for every task and condition the paired difference with its interval, the exact McNemar or
            paired permutation p-value, Holm's correction over all rows, and the effect size. Reads neither models nor data.

            Example:  rk compare results/quickstart runs/quickstart
                      rk compare results/quickstart results/quickstart --a k16 --b k0 --task suite/function-first
                      rk compare results/quickstart results/quickstart --a gpt2-mini/gpt1@256 --b gpt1-mini/gpt1@256 --json
            """) { first, second, task, regime, condition, a, b, across, confidence, json };
        command.SetAction(parsed =>
        {
            var selection = new RunSelection
            {
                Tasks = parsed.GetValue(task) ?? [],
                Regime = parsed.GetValue(regime)?.Replace('-', '_'),
                A = parsed.GetValue(a) ?? parsed.GetValue(condition),
                B = parsed.GetValue(b) ?? parsed.GetValue(condition),
                AcrossProtocols = parsed.GetValue(across),
                Confidence = parsed.GetValue(confidence),
            };
            var result = RunComparison.Of(parsed.GetRequiredValue(first), parsed.GetRequiredValue(second), selection);
            if (parsed.GetValue(json)) Print(result);
            else Show(result);
            return 0;
        });
        return command;
    }

    private static void Print(RunComparisonResult result) => PrintJson(new
    {
        result.A,
        result.B,
        rows = result.Rows.Select(row => new
        {
            row.Task,
            row.Comparison.Metric,
            a = row.A,
            b = row.B,
            seedsA = row.Seeds.A,
            seedsB = row.Seeds.B,
            commonItems = row.Comparison.ItemCount,
            units = row.Comparison.UnitCount,
            onlyInA = row.Unmatched.A,
            onlyInB = row.Unmatched.B,
            scoreA = row.Comparison.First,
            scoreB = row.Comparison.Second,
            difference = row.Comparison.Difference.Estimate,
            interval = new { row.Comparison.Difference.Low, row.Comparison.Difference.High, row.Comparison.Difference.Level, row.Comparison.Difference.Method },
            p = row.Comparison.PValue,
            pHolm = row.HolmPValue,
            row.Comparison.Test,
            mcnemar = row.Comparison.McNemar,
            pPermutation = row.Comparison.PermutationPValue,
            row.Comparison.CohenH,
            row.Comparison.OddsRatio,
            detectable = row.Comparison.DetectableDifference is { } detectable && double.IsFinite(detectable) ? detectable : (double?)null,
        }),
        result.Notes,
    });

    private static void Show(RunComparisonResult result)
    {
        Console.WriteLine($"A = {result.A}\nB = {result.B}");
        foreach (var group in result.Rows.GroupBy(row => (row.Task, row.Comparison.Metric, row.Comparison.ItemCount, row.Unmatched)))
        {
            var only = group.Key.Unmatched is (0, 0) ? "" : Invariant($" ({group.Key.Unmatched.A} only in A and {group.Key.Unmatched.B} only in B, left out)");
            Console.WriteLine(Invariant($"\n{group.Key.Task}, {group.Key.Metric}: {group.Key.ItemCount} items in common{only}"));
            var width = group.Max(row => Sides(row).Length);
            foreach (var row in group)
            {
                var test = row.Comparison;
                var effect = test.CohenH is { } h ? Invariant($", h {h:+0.00;-0.00;0.00}") : "";
                var detectable = test.DetectableDifference is { } d && double.IsFinite(d) ? Invariant($", detectable {Points(test.Metric, d)}") : "";
                var name = test.Test == "mcnemar" ? "McNemar exact" : "permutation" + (test.UnitCount < test.ItemCount ? Invariant($" of {test.UnitCount} clusters") : "");
                Console.WriteLine(Invariant($"  {Sides(row).PadRight(width)}  A {Points(test.Metric, test.First),6}  B {Points(test.Metric, test.Second),6}  A − B {Signed(test.Metric, test.Difference.Estimate)} [{Points(test.Metric, test.Difference.Low)}, {Points(test.Metric, test.Difference.High)}]  p {P(test.PValue)} ({name}), Holm {P(row.HolmPValue)}{effect}{detectable}"));
            }
        }

        Console.WriteLine(Invariant($"\nIntervals are paired, {result.Rows[0].Comparison.Difference.Level:0.##%}; p-values are corrected by Holm's method over {result.Rows.Count} rows; sides with several seeds are means over them."));
        foreach (var note in result.Notes) Console.Error.WriteLine("note: " + note);
    }

    private static string Sides(RunComparisonRow row) => row.A == row.B ? row.A : $"{row.A} − {row.B}";

    // Shares in percent, all else as it is.
    private static string Points(string metric, double value) => (TaskMetrics.IsShare(metric) ? Invariant($"{value * 100:0.0}") : Invariant($"{value:0.0000}")) is var text && text.Trim('-', '0', '.').Length == 0 ? text.TrimStart('-') : text;

    private static string Signed(string metric, double value) => (value > 0 ? "+" : "") + Points(metric, value);

    private static string P(double value) => value < 0.001 ? "< 0.001" : Invariant($"{value:0.000}");
}
