using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using ResearchKit.Core;
using ResearchKit.Kernel.Cells;
using ResearchKit.Notebooks;

namespace ResearchKit.Kernel.Jupyter;

/// <summary>Sends a cell's outputs to the front ends, as answers to the request that ran it.</summary>
/// <param name="sockets">The sockets.</param>
/// <param name="request">The request.</param>
/// <param name="allowsInput">Whether the front end can ask the person.</param>
/// <param name="answers">Where answers to questions arrive.</param>
internal sealed class JupyterSink(KernelSockets sockets, WireMessage request, bool allowsInput, BlockingCollection<string> answers) : ICellSink
{
    public void Stream(string stream, string text) => sockets.Publish("stream", new JsonObject { ["name"] = stream, ["text"] = text }, request.Header);

    public void Display(MimeBundle bundle, string? displayId, bool update)
    {
        var transient = new JsonObject();
        if (displayId is not null) transient["display_id"] = displayId;
        sockets.Publish(update ? "update_display_data" : "display_data", new JsonObject { ["data"] = bundle.ToJson(), ["metadata"] = new JsonObject(), ["transient"] = transient }, request.Header);
    }

    public void Clear(bool wait) => sockets.Publish("clear_output", new JsonObject { ["wait"] = wait }, request.Header);

    public string ReadLine(string prompt, bool hidden)
    {
        if (!allowsInput) throw new ConfigException($"The cell asks for input (\"{prompt}\"), but this front end can't ask a person. Give the value in the cell.");
        // Answers to a question that was interrupted are none to this one.
        while (answers.TryTake(out _))
        {
        }

        sockets.Ask(request, new JsonObject { ["prompt"] = prompt, ["password"] = hidden });
        return answers.Take(Notebook.Cancellation);
    }
}
