using System.CommandLine;
using System.Globalization;
using ResearchKit.Core;
using ResearchKit.Experiments;
using static System.FormattableString;

namespace ResearchKit.Cli.Verbs;

/// <summary><c>rk verify</c>: a stored run computed again.</summary>
internal sealed class VerifyVerb : Verb
{
    private const int DefaultSample = 8;

    public override Command Command()
    {
        var folder = new Argument<string>("RUN") { Description = "Run or results folder, such as results/quickstart." };
        var sample = new Option<int>("--sample") { Description = "Compute this many cells again, drawn by lot.", DefaultValueFactory = _ => DefaultSample, HelpName = "N" };
        var all = new Option<bool>("--all") { Description = "Compute every cell again." };
        var device = new Option<string?>("--device") { Description = "auto, cpu or cuda; the run's own where absent.", HelpName = "DEVICE" };
        var threads = new Option<int?>("--threads") { Description = "CPU threads; the run's own where absent.", HelpName = "N" };
        var json = Json();
        var command = new Command("verify", """
            Computes cells of a stored run again, from the configuration beside its report, and compares them item by item: equal bits on the same
            processor with the same number of threads, a stated tolerance elsewhere. Says what differs and why. Writes nothing.
            Runs on real data need the data folder (RESEARCHKIT_DATA). Exit code 1 where something differs that should not.

            Example:  rk verify results/quickstart
                      rk verify runs/trial --all --json
            """) { folder, sample, all, device, threads, json };
        command.SetAction((parsed, cancellation) =>
        {
            if (parsed.GetValue(sample) < 1) throw new ConfigException($"--sample ({parsed.GetValue(sample).ToString(CultureInfo.InvariantCulture)}) must be at least 1.");
            var verification = RunVerification.Open(parsed.GetRequiredValue(folder));
            var computeDevice = RunEnvironment.Start(parsed.GetValue(device) ?? verification.Device, parsed.GetValue(threads) ?? verification.Threads);
            VerificationResult result;
            using (var line = new ProgressLine())
            {
                result = verification.Run(computeDevice, parsed.GetValue(all) ? null : parsed.GetValue(sample), line.ForRun(), cancellation);
            }

            if (parsed.GetValue(json)) PrintJson(new { result.Run, agrees = result.Agrees, result.SameMachine, cellsOfTheRun = result.CellCount, result.Causes, tolerance = Tolerance, result.Cells });
            else Show(result);
            return Task.FromResult(result.Agrees ? 0 : 1);
        });
        return command;
    }

    private static object Tolerance => new { inContext = RunVerification.InContextTolerance, fineTuning = RunVerification.FineTuningTolerance, changedShare = RunVerification.ChangedShare };

    private static void Show(VerificationResult result)
    {
        foreach (var cell in result.Cells)
        {
            var difference = cell.LargestDifference is > 0 and var largest ? Invariant($", largest difference {largest:0.0e+0} nats") : "";
            var changed = cell.ChangedCount > 0 ? Invariant($", {cell.ChangedCount} items changed ({string.Join(", ", cell.ChangedItems.Take(5))}{(cell.ChangedCount > 5 ? ", …" : "")})") : "";
            Console.WriteLine(Invariant($"{Word(cell.Agreement),-16}  {cell.Cell}: {cell.ItemCount} items{difference}{changed}"));
        }

        Console.WriteLine();
        if (result.Causes.Count > 0) Console.WriteLine("What differs between then and now:");
        foreach (var cause in result.Causes) Console.WriteLine("  " + cause);
        int Count(CellAgreement agreement) => result.Cells.Count(cell => cell.Agreement == agreement);
        Console.WriteLine(Invariant($"{result.Run}: {result.Cells.Count} of {result.CellCount} cells checked: {Count(CellAgreement.SameBits)} have the same bits, {Count(CellAgreement.WithinTolerance)} lie within the tolerance, {Count(CellAgreement.Different)} differ, {Count(CellAgreement.InputChanged)} have other inputs now and were not computed."));
        Console.WriteLine(result.SameMachine
            ? "Processor, device, threads and TorchSharp are the run's, so bits must be equal."
            : Invariant($"Another machine or thread count than the run's, or a card: log-probabilities may differ by {RunVerification.InContextTolerance} nats in context and {RunVerification.FineTuningTolerance} after fine-tuning, and {RunVerification.ChangedShare:0%} of a cell's predictions may change."));
        Console.WriteLine(result.Agrees ? "The run is confirmed." : "The run is NOT confirmed.");
    }

    private static string Word(CellAgreement agreement) => agreement switch
    {
        CellAgreement.SameBits => "same bits",
        CellAgreement.WithinTolerance => "within tolerance",
        CellAgreement.Different => "DIFFERENT",
        _ => "INPUT CHANGED",
    };
}
