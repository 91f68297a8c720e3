using System.CommandLine;
using ResearchKit.Core;
using ResearchKit.Evaluation.Datasets;
using static System.FormattableString;

namespace ResearchKit.Cli.Verbs;

/// <summary><c>rk data</c>: what of the benchmarks is at hand, and fetching what is not.</summary>
internal sealed class DataVerb : Verb
{
    public override Command Command()
    {
        var folder = new Option<string?>("--data") { Description = $"Data folder; default the environment variable {DataFolder.Variable}.", HelpName = "DIR" };
        var verify = new Option<bool>("--verify") { Description = "Also compare checksums (reads every file)." };
        var json = Json();
        var list = new Command("list", """
            Says which benchmark data sets are in the data folder and which are missing.

            Example:  rk data list --verify
            """) { folder, verify, json };
        list.SetAction(parsed => List(parsed.GetValue(folder), parsed.GetValue(verify), parsed.GetValue(json)));

        var name = new Argument<string>("NAME") { Description = "Data set, such as sst2." };
        var pullJson = Json();
        var pull = new Command("pull", """
            Downloads a data set's missing files from their source repositories at pinned commits, checks them, and shows the licence. Interrupted, it carries on.

            Example:  rk data pull sst2 --data datasets
            """) { name, folder, pullJson };
        pull.SetAction(async (parsed, cancellation) => await Pull(parsed.GetRequiredValue(name), parsed.GetValue(folder), parsed.GetValue(pullJson), cancellation).ConfigureAwait(false));
        return new Command("data", """
            Benchmark data: what is there, fetching what is not, and what of it stands in training text.

            Example:  rk data list
            """) { list, pull, ContaminationCommand.Create(Json(), Device(), Threads()) };
    }

    private static int List(string? path, bool verify, bool json)
    {
        var isNamed = !string.IsNullOrEmpty(path ?? Environment.GetEnvironmentVariable(DataFolder.Variable));
        var folder = isNamed ? DataFolder.Resolve(path) : null;
        var statuses = DatasetCatalog.Status(folder, verify);
        if (json)
        {
            PrintJson(statuses.Select(status => new
            {
                status.Entry.Name,
                complete = status.IsComplete,
                missing = status.Missing.Select(file => file.Path),
                damaged = status.Damaged.Select(file => file.Path),
                splits = status.Entry.Splits,
            }));
            return 0;
        }

        Console.WriteLine(folder is null ? $"No data folder: set {DataFolder.Variable} or give --data DIR. Known data sets:" : $"Data folder {folder.Path}");
        foreach (var status in statuses)
        {
            var state = status.IsComplete ? "ok" : status.Damaged.Count > 0 ? "damaged" : status.Missing.Count == status.Entry.Files.Count ? "missing" : "partly";
            var splits = string.Join(", ", status.Entry.Splits.Select(split => Invariant($"{split.Name} {split.Present:N0}{(split.Present == split.Canonical ? "" : $" of {split.Canonical:N0}")}")));
            Console.WriteLine($"  {status.Entry.Name,-14} {state,-8} {splits}");
            foreach (var file in status.Damaged) Console.WriteLine($"      {file.Path}: its checksum is not the catalogue's ({file.Sha256[..12]}…); fetch it again");
        }

        return 0;
    }

    private static async Task<int> Pull(string name, string? path, bool json, CancellationToken cancellation)
    {
        var entry = DatasetCatalog.Get(name);
        var target = path ?? Environment.GetEnvironmentVariable(DataFolder.Variable) ?? throw new ConfigException($"Where to? Give --data DIR or set {DataFolder.Variable}.");
        if (!json) Console.WriteLine(entry.LicenceNotice);
        PullResult outcome;
        using (var client = new HttpClient())
        using (var line = new ProgressLine())
        {
            outcome = await new DataPull(client).PullAsync(entry, target, line.For<PullProgress>(Words), cancellation).ConfigureAwait(false);
        }

        var code = outcome.Unavailable.Count > 0 ? 2 : 0;
        if (json)
        {
            PrintJson(new { name, folder = target, licence = entry.LicenceNotice, downloaded = outcome.Downloaded.Select(file => file.Path), already_present = outcome.AlreadyPresent.Select(file => file.Path), unavailable = outcome.Unavailable.Select(file => new { file.Path, file.Note }) });
            return code;
        }

        Console.WriteLine($"{name}: {outcome.Downloaded.Count} files fetched, {outcome.AlreadyPresent.Count} were there.");
        foreach (var file in outcome.Unavailable) Console.WriteLine($"  {file.Path} can't be downloaded as it stands: {file.Note}");
        return code;
    }

    private static string Words(PullProgress value) => Invariant($"{value.File.Path}: {value.ReceivedByteCount / 1e6:0.0} of {value.TotalByteCount / 1e6:0.0} MB");
}
