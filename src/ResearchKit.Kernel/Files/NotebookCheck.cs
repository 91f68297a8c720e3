using ResearchKit.Core;
using ResearchKit.Kernel.Cells;

namespace ResearchKit.Kernel.Files;

/// <summary>What can be said of a notebook without running it: magics, syntax, files it refers to, outputs left in it. Names are not checked, since they come from cells that ran.</summary>
internal static class NotebookCheck
{
    /// <summary>All problems, each with its cell and line.</summary>
    /// <param name="notebook">The notebook.</param>
    /// <param name="allowOutputs">Whether outputs may be left in it.</param>
    public static IReadOnlyList<string> Problems(NotebookFile notebook, bool allowOutputs)
    {
        var problems = new List<string>();
        using var session = new CellSession(notebook.Language, Path.GetDirectoryName(Path.GetFullPath(notebook.Path))!);
        foreach (var cell in notebook.Cells.Where(cell => cell.IsCode))
        {
            if (!allowOutputs && (cell.Outputs.Count > 0 || cell.ExecutionCount is not null)) problems.Add($"cell {cell.Number} has outputs; remove them with rk notebook strip, or allow them with --allow-outputs.");
            IReadOnlyList<CellPart> parts;
            try
            {
                parts = CellText.Parse(cell.Source, cell.Language ?? notebook.Language);
            }
            catch (ConfigException error)
            {
                problems.Add($"cell {cell.Number}: {error.Message}");
                continue;
            }

            foreach (var reference in parts.OfType<ReferencePart>().Where(part => !part.IsSource && part.Target.EndsWith(".dll", StringComparison.OrdinalIgnoreCase) && part.Target.Contains('/', StringComparison.Ordinal)))
            {
                if (!File.Exists(Path.GetFullPath(reference.Target, session.Folder))) problems.Add($"cell {cell.Number}, line {reference.Line}: there is no file {reference.Target}.");
            }

            foreach (var code in parts.OfType<CodePart>())
            {
                problems.AddRange(session.CheckSyntax(code).Select(found => $"cell {cell.Number}{found}"));
            }
        }

        return problems;
    }
}
