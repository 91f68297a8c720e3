namespace ResearchKit.Notebooks.Engines;

/// <summary>One language of the kernel: evaluates cells, keeps their variables, helps while they are written. All calls of one engine come one after another.</summary>
public interface ILanguageEngine
{
    /// <summary>Name in magics and in notebook files: <c>fsharp</c> or <c>csharp</c>.</summary>
    string Language { get; }

    /// <summary>Starts the compiler and evaluates a first line, so that the first cell need not wait for that. Does nothing when already started.</summary>
    void WarmUp();

    /// <summary>Compiles and runs code on the calling thread; returns when it has ended. What it defines stays, also when it fails half-way.</summary>
    /// <param name="code">The code.</param>
    /// <param name="cancellation">Stops the compiler; code that runs is stopped by other means.</param>
    CellOutcome Run(CellCode code, CancellationToken cancellation);

    /// <summary>Makes an assembly known to the compiler; it is already loaded into the process.</summary>
    /// <param name="path">Full path of the file.</param>
    void AddReference(string path);

    /// <summary>The variables of the session, by name.</summary>
    IReadOnlyList<EngineVariable> Variables { get; }

    /// <summary>Gives a value a name in this language; the object itself is shared, not a copy.</summary>
    /// <exception cref="ResearchKit.Core.ConfigException">The language can't hold the value; says why and what to do.</exception>
    void Set(string name, object? value, Type type);

    /// <summary>What may stand at a position.</summary>
    /// <param name="code">The code as far as it is written.</param>
    /// <param name="position">UTF-16 offset of the cursor.</param>
    Completions Complete(CellCode code, int position);

    /// <summary>What the name at a position is: its type and documentation; null where there is none.</summary>
    /// <param name="code">The code as far as it is written.</param>
    /// <param name="position">UTF-16 offset of the cursor.</param>
    string? Describe(CellCode code, int position);

    /// <summary>What the compiler says of the code, without running it.</summary>
    IReadOnlyList<CellDiagnostic> Check(CellCode code);

    /// <summary>Errors of syntax alone, without names and types; nothing need have run before.</summary>
    IReadOnlyList<CellDiagnostic> CheckSyntax(CellCode code);

    /// <summary>Whether the code is a whole, for consoles that ask whether Enter should run it.</summary>
    Completeness IsComplete(CellCode code);
}
