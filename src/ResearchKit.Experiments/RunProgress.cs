namespace ResearchKit.Experiments;

/// <summary>Where a run is.</summary>
/// <param name="Doing">What is being done, a few words.</param>
/// <param name="Done">Cells finished, those reused included.</param>
/// <param name="Total">All cells.</param>
/// <param name="TokensPerSecond">Forward-pass tokens per second since the start (a training token counts three times); 0 until known.</param>
/// <param name="Left">Time left at that rate; null until known.</param>
public sealed record RunProgress(string Doing, int Done, int Total, double TokensPerSecond, TimeSpan? Left);

/// <summary>What a run left behind.</summary>
/// <param name="Folder">Run folder.</param>
/// <param name="ReportPath">The page to open.</param>
/// <param name="ReusedCells">Cells that were there already.</param>
/// <param name="ComputedCells">Cells computed now.</param>
/// <param name="Seconds">Time taken.</param>
/// <param name="Warnings">What could not be used as it was.</param>
/// <param name="Check">The plain second scoring of one item in a hundred; null without in-context cells.</param>
public sealed record RunOutcome(string Folder, string ReportPath, int ReusedCells, int ComputedCells, double Seconds, IReadOnlyList<string> Warnings, Cells.PlainPassCheck? Check = null);
