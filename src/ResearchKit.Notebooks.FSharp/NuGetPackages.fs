namespace ResearchKit.Notebooks.FSharp

open System
open System.Collections.Generic
open FSharp.Compiler.DependencyManager
open ResearchKit.Core

/// <summary>What a package request brought.</summary>
type ResolvedPackages =
    { /// Full paths of the assemblies to reference, dependencies included.
      Assemblies: IReadOnlyList<string>
      /// Folders of the packages, in which natives are looked for.
      Roots: IReadOnlyList<string> }

/// <summary>Gets NuGet packages for cells of both languages, by the dependency manager that F# Interactive has.</summary>
/// <param name="resolvedRoots">Folders found so far, for native libraries.</param>
type NuGetPackages(resolvedRoots: Func<IEnumerable<string>>) =

    let provider = lazy (new DependencyProvider(NativeResolutionProbe(fun () -> resolvedRoots.Invoke())))

    /// <summary>Restores packages, over the network where they are not in the local cache.</summary>
    /// <param name="lines">What stands behind <c>#r</c> and <c>#i</c>, such as <c>("r", "MathNet.Numerics, 5.0.0")</c>.</param>
    /// <exception cref="ConfigException">There is no such package or version, or no network.</exception>
    member _.Resolve(lines: IEnumerable<struct (string * string)>) : ResolvedPackages =
        let problems = List<string>()

        let report =
            ResolvingErrorReport(fun kind _ message ->
                if kind = ErrorReportType.Error then
                    problems.Add message)

        let manager =
            match provider.Value.TryFindDependencyManagerByKey([], "", None, report, "nuget") |> Option.ofObj with
            | Some found -> found
            | None -> raise (ConfigException """#r "nuget: …" needs the .NET SDK; only the runtime was found. Install the SDK, or give assemblies with #r "path.dll".""")

        let text = [ for struct (kind, line) in lines -> kind, line ]

        let result = provider.Value.Resolve(manager, ".fsx", text, report, "net10.0", timeout = -1)

        let wanted =
            text |> List.filter (fun (kind, _) -> kind = "r") |> List.map snd |> String.concat "; "

        if not result.Success then
            let lines =
                Seq.append result.StdError result.StdOut
                |> Seq.filter (fun line -> line.Contains "error")
                |> Seq.map (fun line -> line.Substring(line.IndexOf("error", StringComparison.Ordinal)).Trim())
                |> Seq.distinct
                |> Seq.truncate 3
                |> List.ofSeq

            let said = if lines.IsEmpty then String.concat " " problems else String.concat " " lines
            raise (ConfigException $"""The package "{wanted}" could not be had. Check its name and version, and the network. NuGet said: {said}""")

        { Assemblies = List<string>(result.Resolutions)
          Roots = List<string>(result.Roots) }

    interface IDisposable with
        member _.Dispose() =
            if provider.IsValueCreated then
                (provider.Value :> IDisposable).Dispose()
