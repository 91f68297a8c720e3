using System.Diagnostics;
using ResearchKit.Core;
using ResearchKit.Kernel.Engines;
using ResearchKit.Notebooks;
using ResearchKit.Notebooks.Engines;
using ResearchKit.Notebooks.FSharp;
using static System.FormattableString;

namespace ResearchKit.Kernel.Cells;

/// <summary>A cell to be run.</summary>
/// <param name="Code">Its text, magics included.</param>
/// <param name="Language">Language that the notebook's metadata names; null for the session's.</param>
/// <param name="Name">Name of the cell, the same when it is run again.</param>
/// <param name="Number">Its number in messages, the count of executions.</param>
internal sealed record CellRequest(string Code, string? Language, string Name, int Number);

/// <summary>How a cell ended: at most one of result and error.</summary>
internal sealed record CellReport(MimeBundle? Result, CellError? Error)
{
    /// <summary>Whether it was interrupted, by a person or by its time limit.</summary>
    public bool WasInterrupted { get; init; }
}

/// <summary>A session: the two engines, the values they share, and the running of cells. Cells run one after another; <see cref="Interrupt"/> may come from any thread.</summary>
internal sealed class CellSession : IDisposable
{
    private readonly FSharpEngine _fsharp = new(References.KitPaths);
    private readonly CSharpEngine _csharp = new(References.FrameworkPaths.Concat(References.KitPaths));
    private readonly Dictionary<string, ILanguageEngine> _engines;
    // Semaphores and not locks: a thread that is given up within an engine never lets go of a lock.
    private readonly System.Collections.Concurrent.ConcurrentDictionary<string, SemaphoreSlim> _gates = new(StringComparer.Ordinal) { ["fsharp"] = new(1), ["csharp"] = new(1) };
    private readonly MagicCommands _magics;
    private readonly CellThread _thread = new();
    private readonly References _references;
    private readonly string _language;
    private long _executions;
    private volatile bool _isDisposed;
    private volatile bool _isBusy;
    private volatile string? _running;

    /// <summary>Makes a session; nothing is started before it is needed or <see cref="WarmUpInBackground"/> is called.</summary>
    /// <param name="language">Language of cells that name none.</param>
    /// <param name="folder">Folder of the notebook, to which <c>#r</c> paths are relative.</param>
    public CellSession(string language, string folder)
    {
        _language = CellText.Languages.TryGetValue(language, out var canonical) ? canonical : throw new ConfigException($"There is no language {language}; there are fsharp and csharp.");
        Folder = folder;
        _engines = new(StringComparer.Ordinal) { ["fsharp"] = _fsharp, ["csharp"] = _csharp };
        _references = new References(path =>
        {
            // Through the gates: an engine may still be warming up.
            foreach (var known in _engines.Keys) With(known, CancellationToken.None, engine => engine.AddReference(path));
        });
        _magics = new MagicCommands(_engines.Keys, known => With(known, CancellationToken.None, engine => engine.Variables), (known, name, value, type) => With(known, CancellationToken.None, engine => engine.Set(name, value, type)));
        FSharpText.register(Notebook.Displays);
        OutputRouter.Install();
        ProcessGuard.Install(this);
    }

    /// <summary>Folder of the notebook.</summary>
    public string Folder { get; }

    /// <summary>Starts the engines on a thread of its own, the session's language first, each only while no cell runs: both at once would delay the first cell.</summary>
    public void WarmUpInBackground()
    {
        new Thread(() =>
        {
            foreach (var engine in _engines.Values.OrderBy(engine => engine.Language != _language))
            {
                while (_isBusy && !_isDisposed) Thread.Sleep(100);
                if (_isDisposed) return;
                With(engine.Language, CancellationToken.None, warm => warm.WarmUp());
            }

            while (_isBusy && !_isDisposed) Thread.Sleep(100);
            if (_isDisposed) return;
            With(_csharp.Language, CancellationToken.None, _ => _csharp.WarmUpAssistance());
        }, 16 << 20) { IsBackground = true, Name = "warm-up", Priority = ThreadPriority.BelowNormal }.Start();
    }

    /// <summary>Runs a cell and waits for its end.</summary>
    public CellReport Run(CellRequest request, ICellSink sink)
    {
        using var output = new CellOutput(sink, request.Name, Interlocked.Increment(ref _executions));
        MimeBundle? result = null;
        CellError? error = null;
        var wasInterrupted = false;
        _isBusy = true;
        try
        {
            _thread.Run(cancellation =>
            {
                output.Cancellation = cancellation;
                OutputRouter.Enter(output);
                (result, error) = RunParts(request, cancellation);
            });
        }
        catch (OperationCanceledException)
        {
            wasInterrupted = true;
            (result, error) = (null, CellError.OfMessage("Interrupted", "The cell was stopped. Variables of earlier cells are kept."
                + (_thread.WasRetired ? " It had to be aborted; settings of the thread, such as torch.set_grad_enabled, are the defaults again." : "")));
        }
        catch (ConfigException mistake)
        {
            (result, error) = (null, CellError.OfMessage("Error", mistake.Message));
        }
        catch (Exception failure)
        {
            (result, error) = (null, CellError.OfException(failure, request.Number, request.Code));
        }

        _isBusy = false;
        output.Close();
        return new CellReport(result, error) { WasInterrupted = wasInterrupted };
    }

    /// <summary>Stops the running cell; what it has set stays.</summary>
    public void Interrupt() => _thread.Interrupt();

    /// <summary>Ends the running cell with an error and leaves its thread where it is.</summary>
    public bool GiveUp(Exception error)
    {
        // A new gate before the next cell can begin: the thread that is left may still come to the end of its call and open the old one.
        return _thread.GiveUp(error, () =>
        {
            if (_running is { } language) _gates[language] = new SemaphoreSlim(1);
        });
    }

    /// <summary>What may stand at a position of a cell.</summary>
    /// <param name="text">The cell.</param>
    /// <param name="position">UTF-16 offset.</param>
    public Completions Complete(string text, int position)
    {
        var start = position == 0 ? 0 : text.LastIndexOf('\n', position - 1) + 1;
        var line = text[start..position];
        if (line.StartsWith("#!", StringComparison.Ordinal) && !line.Contains(' ', StringComparison.Ordinal))
        {
            var names = new[] { "fsharp", "csharp", "markdown", "html" }.Concat(MagicCommands.Forms.Keys).Where(name => ("#!" + name).StartsWith(line, StringComparison.OrdinalIgnoreCase));
            return new Completions(position - line.Length, position, [.. names.Select(name => new CompletionItem("#!" + name, "magic"))]);
        }

        return Ask(text, position, (engine, code) => engine.Complete(code, position));
    }

    /// <summary>What the name at a position of a cell is; null where there is none.</summary>
    /// <param name="text">The cell.</param>
    /// <param name="position">UTF-16 offset.</param>
    public string? Describe(string text, int position) => Ask(text, position, (engine, code) => engine.Describe(code, position));

    /// <summary>Errors of syntax in code, found without running it.</summary>
    public IReadOnlyList<CellDiagnostic> CheckSyntax(CodePart code) => With(code.Language, CancellationToken.None, engine => engine.CheckSyntax(new CellCode(code.Text, CellError.FileName(0, code.Language))));

    /// <summary>What the compiler says of a cell as it is written: the part around a position, without running it.</summary>
    /// <param name="text">The cell.</param>
    /// <param name="position">UTF-16 offset.</param>
    public IReadOnlyList<CellDiagnostic> Check(string text, int position) => Ask(text, position, (engine, code) => engine.Check(code));

    /// <summary>Whether a cell is a whole.</summary>
    public Completeness IsComplete(string text) => Ask(text, text.Length, (engine, code) => engine.IsComplete(code));

    public void Dispose()
    {
        _isDisposed = true;
        ProcessGuard.Remove(this);
        _thread.Dispose();
        _references.Dispose();
        _csharp.Dispose();
        ((IDisposable)_fsharp).Dispose();
        foreach (var gate in _gates.Values) gate.Dispose();
    }

    private T Ask<T>(string text, int position, Func<ILanguageEngine, CellCode, T> question)
    {
        var code = CellText.CodeOf(text, _language, position, out var language);
        return With(language, CancellationToken.None, engine => question(engine, new CellCode(code, CellError.FileName(0, language))));
    }

    private void With(string language, CancellationToken cancellation, Action<ILanguageEngine> action) => With(language, cancellation, engine =>
    {
        action(engine);
        return true;
    });

    // The engine may still be warming up; an interrupt reaches a cell that waits for that.
    private T With<T>(string language, CancellationToken cancellation, Func<ILanguageEngine, T> action)
    {
        var gate = _gates[language];
        gate.Wait(cancellation);
        try
        {
            return action(_engines[language]);
        }
        finally
        {
            gate.Release();
        }
    }

    private (MimeBundle? Result, CellError? Error) RunParts(CellRequest request, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        var parts = CellText.Parse(request.Code, request.Language ?? _language);
        MimeBundle? result = null;
        var isTimed = false;
        foreach (var part in parts)
        {
            cancellation.ThrowIfCancellationRequested();
            // Only the last value is the cell's; earlier ones are shown where they arise.
            if (result is not null) Notebook.Host.Show(result, null, update: false);
            result = null;
            switch (part)
            {
                case ReferencePart { IsSource: true } source: _references.AddSource(source.Target); break;
                case ReferencePart reference:
                    if (_references.Add(reference.Target, Folder) is { } note) Console.Error.WriteLine(note);
                    break;
                case ShownPart shown: Notebook.Display(shown.Text, shown.MimeType); break;
                case MagicPart { Name: "time" }: isTimed = true; break;
                case MagicPart magic: _magics.Run(magic, parts.SkipWhile(other => !ReferenceEquals(other, magic)).OfType<CodePart>().FirstOrDefault()?.Language ?? (_engines.ContainsKey(magic.Language) ? magic.Language : _language)); break;
                case CodePart code:
                    var outcome = Run(code, request.Number, cancellation);
                    foreach (var warning in outcome.Diagnostics.Where(found => found.Severity == DiagnosticSeverity.Warning)) Console.Error.WriteLine($"cell[{request.Number}]{warning}");
                    if (outcome.DidNotCompile) return (null, CellError.OfDiagnostics(outcome.Diagnostics, request.Number, request.Code));
                    if (outcome.Exception is OperationCanceledException && cancellation.IsCancellationRequested) throw outcome.Exception;
                    if (outcome.Exception is { } failure) return (null, CellError.OfException(failure, request.Number, request.Code));
                    if (outcome.HasValue) result = Notebook.Displays.Format(outcome.Value);
                    break;
            }
        }

        if (isTimed) Console.Out.WriteLine(Invariant($"Wall time: {clock.Elapsed.TotalMilliseconds:N1} ms"));
        return (result, null);
    }

    private CellOutcome Run(CodePart code, int number, CancellationToken cancellation)
    {
        _running = code.Language;
        try
        {
            return With(code.Language, cancellation, engine => engine.Run(new CellCode(code.Text, CellError.FileName(number, code.Language)), cancellation));
        }
        finally
        {
            _running = null;
        }
    }
}
