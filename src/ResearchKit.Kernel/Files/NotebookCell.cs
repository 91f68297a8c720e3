using System.Text.Json.Nodes;
using ResearchKit.Kernel.Cells;

namespace ResearchKit.Kernel.Files;

/// <summary>A cell of a notebook file, a view of its JSON.</summary>
/// <param name="number">Position in the notebook, from 1.</param>
/// <param name="content">The cell's object.</param>
internal sealed class NotebookCell(int number, JsonObject content)
{
    /// <summary>Position in the notebook, from 1, all kinds of cells counted.</summary>
    public int Number { get; } = number;

    /// <summary>Whether it is code.</summary>
    public bool IsCode => (string?)content["cell_type"] == "code";

    /// <summary>Whether it is prose.</summary>
    public bool IsMarkdown => (string?)content["cell_type"] == "markdown";

    /// <summary>Name that stays when the cell is moved; its position where the file gives none.</summary>
    public string Name => content["id"] is JsonValue id && id.TryGetValue<string>(out var name) ? name : $"cell-{Number}";

    /// <summary>The text.</summary>
    public string Source => content["source"] is JsonArray lines ? string.Concat(lines.Select(line => (string?)line)) : (string?)content["source"] ?? "";

    /// <summary>Language that the cell names, by its first magic or by its metadata (Polyglot's, .NET Interactive's or VS Code's); null for the notebook's.</summary>
    public string? Language => CellText.LanguageOf(Source) ?? CellText.LanguageOf(content["metadata"]);

    /// <summary>Tags, such as <c>raises-exception</c>.</summary>
    public IEnumerable<string> Tags => content["metadata"] is JsonObject metadata && metadata["tags"] is JsonArray tags ? tags.OfType<JsonValue>().Select(tag => tag.TryGetValue<string>(out var text) ? text : "") : [];

    /// <summary>Outputs of a code cell.</summary>
    public JsonArray Outputs
    {
        get => content["outputs"] as JsonArray ?? [];
        set => content["outputs"] = value;
    }

    /// <summary>Count of executions at the cell's last run; null when it has not run.</summary>
    public int? ExecutionCount
    {
        get => content["execution_count"] is JsonValue value && value.TryGetValue<int>(out var count) ? count : null;
        set => content["execution_count"] = value;
    }

    /// <summary>Removes outputs and execution count.</summary>
    /// <returns>Whether there were some.</returns>
    public bool Strip()
    {
        if (!IsCode) return false;
        var had = Outputs.Count > 0 || ExecutionCount is not null;
        content["outputs"] = new JsonArray();
        content["execution_count"] = null;
        return had;
    }

    /// <summary>Names the language in the metadata.</summary>
    public void MarkLanguage(string language)
    {
        var metadata = NotebookFile.Object(content, "metadata");
        NotebookFile.Object(metadata, "dotnet_interactive")["language"] ??= language;
        NotebookFile.Object(metadata, "polyglot_notebook")["kernelName"] ??= language;
    }
}
