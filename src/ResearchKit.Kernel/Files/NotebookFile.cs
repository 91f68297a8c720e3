using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using ResearchKit.Core;
using ResearchKit.Core.Files;
using ResearchKit.Kernel.Cells;

namespace ResearchKit.Kernel.Files;

/// <summary>A notebook file, .ipynb of format 4. What this class does not know (metadata, attachments, fields of later versions) is kept as it is.</summary>
internal sealed partial class NotebookFile
{
    private static readonly JsonSerializerOptions Form = new() { WriteIndented = true, IndentSize = 1, IndentCharacter = ' ', NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly JsonObject _root;

    private NotebookFile(string path, JsonObject root)
    {
        (Path, _root) = (path, root);
        Cells = [.. root["cells"]!.AsArray().Select((cell, index) => new NotebookCell(index + 1, cell!.AsObject()))];
    }

    /// <summary>Where it was read from.</summary>
    public string Path { get; }

    /// <summary>The cells, in order.</summary>
    public IReadOnlyList<NotebookCell> Cells { get; }

    /// <summary>Metadata of the notebook.</summary>
    public JsonObject Metadata => Object(_root, "metadata");

    /// <summary>Language of code cells that name none: of the kernel, or of a .NET Interactive or Polyglot notebook.</summary>
    public string Language
    {
        get
        {
            string?[] names =
            [
                Named("polyglot_notebook", "kernelInfo", "defaultKernelName"), Named("dotnet_interactive", "defaultKernelName"),
                Named("kernelspec", "language"), Named("language_info", "name"),
            ];
            return names.Where(name => name is not null).Select(name => CellText.Languages.GetValueOrDefault(name!)).FirstOrDefault(name => name is not null) ?? "fsharp";
        }
    }

    /// <summary>Reads a file.</summary>
    /// <exception cref="ConfigException">It is missing, no JSON, or no notebook of format 4; names the line or the cell.</exception>
    public static NotebookFile Read(string path) => Parse(path, InputFile.Text(path));

    /// <summary>Reads the content of a file.</summary>
    /// <param name="path">Name in messages.</param>
    /// <param name="text">The content.</param>
    /// <exception cref="ConfigException">It is no JSON, or no notebook of format 4; names the line or the cell.</exception>
    public static NotebookFile Parse(string path, string text)
    {
        JsonObject root;
        try
        {
            root = JsonNode.Parse(text, documentOptions: new JsonDocumentOptions { AllowDuplicateProperties = false }) as JsonObject ?? throw new ConfigException($"{path} is no notebook: its JSON is not an object.");
        }
        catch (JsonException error)
        {
            throw new ConfigException($"{path} is no notebook: line {error.LineNumber + 1} is no JSON ({error.Message.Split(" Path:")[0].Split(" LineNumber:")[0]}). A merge conflict or a truncated file looks like this.", error);
        }

        var version = root["nbformat"] is JsonValue number && number.TryGetValue<int>(out var major) ? major : (int?)null;
        if (version != 4) throw new ConfigException($"{path}: nbformat ({version?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "missing"}) must be 4. Open an older notebook in Jupyter and save it; other files are no notebooks.");
        if (root["cells"] is not JsonArray cells) throw new ConfigException($"{path}: \"cells\" is missing or no list.");
        if (root["metadata"] is not (null or JsonObject)) throw new ConfigException($"{path}: \"metadata\" is no object.");
        for (var i = 0; i < cells.Count; i++)
        {
            if (Problem(cells[i]) is { } problem) throw new ConfigException($"{path}: cell {i + 1} {problem}.");
        }

        return new NotebookFile(path, root);
    }

    /// <summary>The file's text, in the form that Jupyter writes (one blank for each level).</summary>
    public override string ToString() => SurrogatePair().Replace(_root.ToJsonString(Form), match =>
        "" + (char)Convert.ToUInt16(match.Groups["high"].Value, 16) + (char)Convert.ToUInt16(match.Groups["low"].Value, 16)) + "\n";

    /// <summary>Writes the file, through a temporary name.</summary>
    public void Write(string path) => AtomicFile.WriteText(path, ToString());

    /// <summary>Removes what a run leaves, outputs, execution counts and <see cref="Origin"/>; everything else stays.</summary>
    /// <returns>How many cells had some.</returns>
    public int Strip()
    {
        (_root["metadata"] as JsonObject)?.Remove("researchkit");
        return Cells.Count(cell => cell.Strip());
    }

    /// <summary>What made the outputs: version of the kit and day; null where unknown.</summary>
    public string? Origin => _root["metadata"]?["researchkit"] is JsonObject ? $"ResearchKit {Named("researchkit", "version")}, {Named("researchkit", "executed")}" : null;

    /// <summary>Notes in the metadata that this version of the kit makes the outputs, today.</summary>
    public void MarkRun() =>
        Metadata["researchkit"] = new JsonObject { ["version"] = Experiments.RunEnvironment.KitVersion, ["executed"] = DateTime.UtcNow.ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture) };

    /// <summary>Writes into each code cell which language it is in, in the two forms that .NET Interactive and Polyglot notebooks use, where the cell does not say so yet.</summary>
    public void MarkLanguages()
    {
        foreach (var cell in Cells.Where(cell => cell.IsCode)) cell.MarkLanguage(cell.Language ?? Language);
        var info = Object(Object(Metadata, "polyglot_notebook"), "kernelInfo");
        info["defaultKernelName"] ??= Language;
        info["items"] ??= new JsonArray(new JsonObject { ["name"] = "csharp", ["languageName"] = "csharp", ["aliases"] = new JsonArray() }, new JsonObject { ["name"] = "fsharp", ["languageName"] = "fsharp", ["aliases"] = new JsonArray() });
    }

    /// <summary>A text of the metadata; null where the path leads to none.</summary>
    private string? Named(params ReadOnlySpan<string> path)
    {
        var node = _root["metadata"];
        foreach (var key in path) node = (node as JsonObject)?[key];
        return node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
    }

    internal static JsonObject Object(JsonObject parent, string key)
    {
        if (parent[key] is JsonObject there) return there;
        var made = new JsonObject();
        parent[key] = made;
        return made;
    }

    private static string? Problem(JsonNode? cell)
    {
        if (cell is not JsonObject content) return "is no object";
        if (content["cell_type"] is not JsonValue kind || !kind.TryGetValue<string>(out var type)) return "has no \"cell_type\"";
        if (type is not ("code" or "markdown" or "raw")) return $"has the cell_type \"{type}\"; allowed are code, markdown and raw";
        if (content["metadata"] is not (null or JsonObject)) return "has \"metadata\" that is no object";
        if (content["outputs"] is not (null or JsonArray)) return "has \"outputs\" that are no list";
        foreach (var output in content["outputs"] as JsonArray ?? [])
        {
            if (output is not JsonObject fields || fields["output_type"] is not { } kindOfOutput || !IsText(kindOfOutput)) return "has an output without an \"output_type\"";
            if (fields["data"] is not (null or JsonObject)) return "has an output with \"data\" that is no object";
            if (new[] { "name", "text", "traceback" }.FirstOrDefault(key => fields[key] is { } value && !IsText(value)) is { } wrong) return $"has an output with \"{wrong}\" that is no text";
        }

        return content["source"] is { } source && IsText(source) ? null : "has no \"source\" that is text";
    }

    /// <summary>A text, or a list of its lines.</summary>
    private static bool IsText(JsonNode node) => node is JsonValue value && value.TryGetValue<string>(out _)
        || node is JsonArray lines && lines.All(line => line is JsonValue text && text.TryGetValue<string>(out _));

    // The encoder escapes what lies beyond 16 bits, such as emoji; Jupyter writes it as it is.
    [GeneratedRegex(@"(?<=(^|[^\\])(\\\\)*)\\u(?<high>[Dd][89ABab][0-9A-Fa-f]{2})\\u(?<low>[Dd][C-Fc-f][0-9A-Fa-f]{2})")]
    private static partial Regex SurrogatePair();
}
