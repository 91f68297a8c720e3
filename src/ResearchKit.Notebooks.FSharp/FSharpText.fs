namespace ResearchKit.Notebooks.FSharp

open System
open System.Collections
open Microsoft.FSharp.Reflection
open ResearchKit.Notebooks

/// <summary>How F# values look as text: as F# Interactive prints them.</summary>
[<RequireQualifiedAccess>]
module FSharpText =

    // Struct tuples are left out: they are C#'s tuples, and C# prints them without the word.
    let private isFSharp (kind: Type) =
        FSharpType.IsUnion kind || FSharpType.IsRecord kind || (FSharpType.IsTuple kind && not kind.IsValueType) || FSharpType.IsFunction kind || kind.FullName = "Microsoft.FSharp.Core.Unit"

    let private isFSharpCollection (kind: Type) =
        kind.IsGenericType
        && (let definition = kind.GetGenericTypeDefinition()
            definition = typedefof<Map<int, int>> || definition = typedefof<Set<int>>)

    /// <summary>The text of a value, as <c>%A</c> prints it.</summary>
    let format (value: obj) = sprintf "%A" value

    /// <summary>Adds the rule to a registry: unions, records, tuples, lists, maps and sets are printed the way of F#; lists of records become tables all the same.</summary>
    let register (displays: DisplayRegistry) =
        displays.AddRule(
            (fun value -> let kind = value.GetType() in isFSharp kind || isFSharpCollection kind),
            fun value ->
                let text =
                    if FSharpType.IsFunction(value.GetType()) then
                        let domain, range = FSharpType.GetFunctionElements(value.GetType())
                        $"<function: {domain.Name} -> {range.Name}>"
                    else
                        format value

                match value with
                | :? IEnumerable as items ->
                    match displays.Table items |> Option.ofObj with
                    | Some table -> table.With(MimeBundle.PlainTextType, text)
                    | None -> MimeBundle.OfText text
                | _ -> MimeBundle.OfText text
        )
