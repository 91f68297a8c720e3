using System.Text.Json.Nodes;
using ResearchKit.Core;
using ResearchKit.Kernel.Cells;
using ResearchKit.Notebooks;

namespace ResearchKit.Kernel.Files;

/// <summary>What all cells of a run share: displays, since a later cell may change an earlier one's, and the end, after which threads that a cell has left behind change nothing more.</summary>
internal sealed class RecordedRun : IDisposable
{
    /// <summary>Outputs by display id.</summary>
    public Dictionary<string, JsonObject> Displays { get; } = new(StringComparer.Ordinal);

    /// <summary>Whether the outputs are handed over.</summary>
    public bool IsOver { get; private set; }

    /// <summary>Ends the run.</summary>
    public void Dispose()
    {
        lock (this) IsOver = true;
    }
}

/// <summary>Collects a cell's outputs in the form of notebook files.</summary>
/// <param name="run">Shared by all cells; its lock guards their outputs.</param>
internal sealed class OutputRecorder(RecordedRun run) : ICellSink
{
    private bool _clearsNext;

    /// <summary>The outputs.</summary>
    public JsonArray Outputs { get; } = [];

    public void Stream(string stream, string text)
    {
        lock (run)
        {
            if (run.IsOver) return;
            ClearIfAsked();
            // Jupyter joins what the same stream prints in a row.
            if (Outputs.LastOrDefault() is JsonObject last && (string?)last["output_type"] == "stream" && (string?)last["name"] == stream) last["text"]!.AsArray().Add(text);
            else Outputs.Add(new JsonObject { ["name"] = stream, ["output_type"] = "stream", ["text"] = new JsonArray(text) });
        }
    }

    public void Display(MimeBundle bundle, string? displayId, bool update)
    {
        lock (run)
        {
            if (run.IsOver) return;
            if (update)
            {
                if (displayId is not null && run.Displays.TryGetValue(displayId, out var shown)) shown["data"] = Data(bundle);
                return;
            }

            ClearIfAsked();
            var output = new JsonObject { ["data"] = Data(bundle), ["metadata"] = new JsonObject(), ["output_type"] = "display_data" };
            if (displayId is not null) run.Displays[displayId] = output;
            Outputs.Add(output);
        }
    }

    public void Clear(bool wait)
    {
        lock (run)
        {
            if (wait) _clearsNext = true;
            else if (!run.IsOver) Outputs.Clear();
        }
    }

    public string ReadLine(string prompt, bool hidden) => throw new ConfigException($"The cell asks for input (\"{prompt}\"), but nobody is there when a notebook is run unattended. Give the value in the cell.");

    /// <summary>Adds how the cell ended, and joins and splits the printed text into lines, as Jupyter stores it.</summary>
    public JsonArray Finish(CellReport report, int executionCount)
    {
        lock (run)
        {
            if (report.Result is { } result)
            {
                ClearIfAsked();
                Outputs.Add(new JsonObject { ["data"] = Data(result), ["execution_count"] = executionCount, ["metadata"] = new JsonObject(), ["output_type"] = "execute_result" });
            }

            if (report.Error is { } error)
            {
                Outputs.Add(new JsonObject { ["ename"] = error.Name, ["evalue"] = error.Message, ["output_type"] = "error", ["traceback"] = new JsonArray([.. error.Traceback.Select(line => (JsonNode)line)]) });
            }

            foreach (var output in Outputs.OfType<JsonObject>().Where(output => (string?)output["output_type"] == "stream"))
            {
                output["text"] = Lines(string.Concat(output["text"]!.AsArray().Select(piece => (string?)piece)));
            }

            return Outputs;
        }
    }

    private void ClearIfAsked()
    {
        if (_clearsNext) Outputs.Clear();
        _clearsNext = false;
    }

    private static JsonObject Data(MimeBundle bundle)
    {
        var data = bundle.ToJson();
        foreach (var type in bundle.Types)
        {
            if (bundle.Text(type) is { } text) data[type] = Lines(text);
        }

        return data;
    }

    private static JsonArray Lines(string text)
    {
        var lines = new JsonArray();
        for (var start = 0; start < text.Length;)
        {
            var end = text.IndexOf('\n', start);
            end = end < 0 ? text.Length : end + 1;
            lines.Add(text[start..end]);
            start = end;
        }

        return lines;
    }
}
