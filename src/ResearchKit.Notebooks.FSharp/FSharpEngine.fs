namespace ResearchKit.Notebooks.FSharp

open System
open System.IO
open System.Reflection
open System.Threading
open FSharp.Compiler.Interactive.Shell
open ResearchKit.Core
open ResearchKit.Notebooks
open ResearchKit.Notebooks.Engines

/// <summary>F# cells, on F# Interactive's evaluation session. All use of the F# compiler is in this project, since its API changes with each version.</summary>
/// <param name="references">Full paths of the assemblies that cells may use beside the framework. Each costs memory in the compiler: a short list.</param>
type FSharpEngine(references: string seq) =

    /// `exit` would end the kernel with all its state.
    static let prelude =
        "open type ResearchKit.Notebooks.CellFunctions\n"
        + "let exit (code: int) : 'a = raise (ResearchKit.Core.ConfigException(\"exit was called: a cell can't end the kernel, its variables would be lost. Use the notebook's Restart or Shutdown, or return early.\"))\n"

    // References asked for before the session starts; starting it for them would cost a C# notebook seconds.
    let early = ResizeArray<string>()

    let start () =
        let arguments =
            [| "fsi.exe"
               "--noninteractive"
               "--quiet"
               "--nologo"
               "--gui-"
               "--targetprofile:netcore"
               "/usesdkrefs-"
               "--langversion:latest"
               for reference in Seq.append references early do
                   "-r:" + reference |]

        let session =
            FsiEvaluationSession.Create(FsiEvaluationSession.GetDefaultConfiguration(), arguments, TextReader.Null, TextWriter.Null, TextWriter.Null)

        match session.EvalInteractionNonThrowing prelude with
        | Choice2Of2 error, found ->
            let said = String.Join("\n", found |> Array.map string)
            raise (InvalidOperationException($"F# could not be started: {error.Message}\n{said}", error))
        | _ -> session

    // Begun again where the first cell was interrupted: lazy would keep the exception for ever.
    let session = Lazy<FsiEvaluationSession>(start, LazyThreadSafetyMode.PublicationOnly)

    /// A type that this session can name: those of C# submissions live in assemblies without a file, which F# can't import.
    let rec unnameable (kind: Type) : Type option =
        if kind.IsArray then
            kind.GetElementType() |> Option.ofObj |> Option.bind unnameable
        elif (string kind.Assembly.FullName).StartsWith("ℛ", StringComparison.Ordinal) || kind.Name.StartsWith("<>f__AnonymousType", StringComparison.Ordinal) then
            Some kind
        else
            kind.GetGenericArguments() |> Array.tryPick unnameable

    /// A type as F# writes it: global.System.Collections.Generic.IEnumerable<global.System.Int32>.
    let rec nameOf (kind: Type) : string =
        match Option.ofObj (kind.GetElementType()) with
        | Some element when kind.IsArray -> nameOf element + "[" + String(',', kind.GetArrayRank() - 1) + "]"
        | _ ->
            let definition = if kind.IsGenericType then kind.GetGenericTypeDefinition() else kind
            let bare = Text.RegularExpressions.Regex.Replace((string definition.FullName).Replace('+', '.'), @"`\d+", "")
            let arguments = kind.GetGenericArguments() |> Array.map nameOf |> String.concat ", "
            "global." + bare + (if arguments = "" then "" else "<" + arguments + ">")

    interface ILanguageEngine with
        member _.Language = "fsharp"

        member _.WarmUp() =
            // An expression, so that printing of values is compiled as well.
            session.Value.EvalInteractionNonThrowing("let private warm = [ 1 ] |> List.map string in warm.Length") |> ignore

        member _.Run(code, cancellation) =
            let run text =
                let result, found = session.Value.EvalInteractionNonThrowing(text, code.FileName, cancellation)
                result, FSharpAssistance.diagnostics found

            let first, firstDiagnostics = run code.Text

            // A cell that ends in failwith, raise or exit has a value of any type, which can't be bound: run it for its effect.
            let isOnlyGeneric =
                firstDiagnostics |> Array.exists (fun found -> found.Id = "FS0030" && found.Message.Contains "'it'")
                && firstDiagnostics |> Array.forall (fun found -> found.Severity <> DiagnosticSeverity.Error || found.Id = "FS0030")

            let result, diagnostics =
                if isOnlyGeneric then run (code.Text.TrimEnd() + "\n|> ignore<obj>") else first, firstDiagnostics

            match result with
            | Choice1Of2(Some value) when value.ReflectionType <> typeof<unit> ->
                // None and other values that are null print as their type says.
                let shown =
                    if isNull value.ReflectionValue && value.ReflectionType.IsGenericType && value.ReflectionType.GetGenericTypeDefinition() = typedefof<option<_>> then
                        box (MimeBundle.OfText "None")
                    else
                        value.ReflectionValue

                CellOutcome(Diagnostics = diagnostics, HasValue = true, Value = shown)
            | Choice1Of2 _ -> CellOutcome(Diagnostics = diagnostics)
            | Choice2Of2 error when diagnostics |> Array.exists (fun found -> found.Severity = DiagnosticSeverity.Error) -> CellOutcome(Diagnostics = diagnostics)
            | Choice2Of2 error ->
                let cause =
                    match error with
                    | :? TargetInvocationException when not (isNull error.InnerException) -> error.InnerException
                    | _ -> error

                CellOutcome(Diagnostics = diagnostics, Exception = cause)

        member _.AddReference path =
            if not session.IsValueCreated then
                early.Add path
            else
                match session.Value.EvalInteractionNonThrowing($"#r @\"{path}\"") with
                | Choice2Of2 error, _ -> raise (ConfigException($"F# can't reference {path}: {error.Message}", error))
                | _ -> ()

        member _.Variables =
            if not session.IsValueCreated then
                [||]
            else
                [| for bound in session.Value.GetBoundValues() do
                       if bound.Name <> "it" then
                           EngineVariable(bound.Name, bound.Value.ReflectionType, bound.Value.ReflectionValue) |]

        member _.Set(name, value, kind) =
            match Option.ofObj value with
            | None -> raise (ConfigException $"{name} is null, and F# values of type {kind.Name} have no null. Share it once it has a value, or wrap it in an object.")
            | Some present ->
                match unnameable (present.GetType()) with
                | Some culprit ->
                    let what = if culprit.Name.StartsWith("<>f__AnonymousType", StringComparison.Ordinal) then "an anonymous C# type" else $"{culprit.Name}, a type that a C# cell defines,"
                    raise (ConfigException $"{name} is of {what} and F# can't name it. Define the type in F# (C# sees it as dynamic) or in a compiled assembly (#r \"….dll\"), or share a tuple, an array or a number instead.")
                | None when present.GetType().IsVisible -> session.Value.AddBoundValue(name, present)
                // Of an internal class, such as an iterator or System.RuntimeType: taken as the type that the variable was declared with.
                | None when kind.IsVisible && kind <> typeof<obj> ->
                    SharedValues.Put(name, present)
                    let code = $"let ``{name}`` = ResearchKit.Notebooks.Engines.SharedValues.Take \"{name}\" :?> {nameOf kind}"

                    match session.Value.EvalInteractionNonThrowing code with
                    | Choice2Of2 error, found ->
                        let said = found |> Array.map (fun diagnostic -> diagnostic.Message) |> String.concat "; "
                        raise (ConfigException($"F# can't hold {name} as {kind}: {error.Message} {said}", error))
                    | _ -> ()
                | None -> raise (ConfigException $"{name} is of the internal type {present.GetType()}, which F# can't name. Give it a variable of a public type, such as an interface, and share that.")

        member _.Complete(code, position) = FSharpAssistance.complete session.Value code.Text position

        member _.Describe(code, position) = FSharpAssistance.describe session.Value code.Text position |> Option.toObj

        member _.Check code =
            let _, checkedCode, _ = session.Value.ParseAndCheckInteraction code.Text
            FSharpAssistance.diagnostics checkedCode.Diagnostics

        member _.CheckSyntax code =
            let parsed, _, _ = session.Value.ParseAndCheckInteraction code.Text

            [| if parsed.ParseHadErrors then
                   yield! FSharpAssistance.diagnostics parsed.Diagnostics |> Array.filter (fun found -> found.Severity = DiagnosticSeverity.Error) |]

        member _.IsComplete code = FSharpAssistance.isComplete session.Value code.Text

    interface IDisposable with
        member _.Dispose() =
            if session.IsValueCreated then
                (session.Value :> IDisposable).Dispose()
