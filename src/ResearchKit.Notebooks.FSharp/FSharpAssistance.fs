namespace ResearchKit.Notebooks.FSharp

open System
open FSharp.Compiler.Diagnostics
open FSharp.Compiler.EditorServices
open FSharp.Compiler.Interactive.Shell
open FSharp.Compiler.Symbols
open FSharp.Compiler.Text
open FSharp.Compiler.Tokenization
open ResearchKit.Notebooks.Engines

/// Completion, hover and diagnostics of an F# session. Positions of F# are lines from 1 and columns from 0.
module internal FSharpAssistance =

    let private place (text: string) (offset: int) =
        let before = text.Substring(0, min offset text.Length)
        let line = before |> Seq.filter ((=) '\n') |> Seq.length
        let column = before.Length - (before.LastIndexOf '\n' + 1)
        let content = (text.Split('\n')[line]).TrimEnd('\r')
        struct (line + 1, min column content.Length, content)

    let diagnostics (found: FSharpDiagnostic array) =
        [| for diagnostic in found do
               let severity =
                   match diagnostic.Severity with
                   | FSharpDiagnosticSeverity.Error -> DiagnosticSeverity.Error
                   | FSharpDiagnosticSeverity.Warning -> DiagnosticSeverity.Warning
                   | _ -> DiagnosticSeverity.Information

               CellDiagnostic(severity, diagnostic.ErrorNumberText, diagnostic.Message, diagnostic.StartLine, diagnostic.StartColumn + 1) |]

    let complete (session: FsiEvaluationSession) (text: string) (offset: int) : Completions =
        let struct (line, column, content) = place text offset
        let parsed, checkedCode, _ = session.ParseAndCheckInteraction text
        let name = QuickParse.GetPartialLongNameEx(content, column - 1)
        let start = offset - name.PartialIdent.Length
        let found = checkedCode.GetDeclarationListInfo(Some parsed, line, content, name)

        // Without a beginning everything in scope would fit; with one, what begins like it comes first.
        let items =
            found.Items
            |> Array.filter (fun item -> item.NameInList.StartsWith(name.PartialIdent, StringComparison.OrdinalIgnoreCase))
            |> Array.sortBy (fun item -> (if item.NameInList.StartsWith(name.PartialIdent, StringComparison.Ordinal) then 0 else 1), item.MinorPriority, item.NameInList)
            |> Array.map (fun item -> CompletionItem(item.NameInCode, (string item.Glyph).ToLowerInvariant()))

        Completions(start, offset, items)

    let private documentation (doc: FSharpXmlDoc) =
        match doc with
        | FSharpXmlDoc.FromXmlText text ->
            String.Join(" ", text.UnprocessedLines)
            |> fun lines -> Text.RegularExpressions.Regex.Replace(lines, "<[^>]*>", "")
            |> fun plain -> plain.Trim()
        | _ -> ""

    let describe (session: FsiEvaluationSession) (text: string) (offset: int) : string option =
        let struct (line, column, content) = place text offset

        match QuickParse.GetCompleteIdentifierIsland true content column with
        | None -> None
        | Some(island, last, _) ->
            let _, checkedCode, _ = session.ParseAndCheckInteraction text
            let names = island.Split '.' |> List.ofArray
            let (ToolTipText elements) = checkedCode.GetToolTip(line, last, content, names, FSharpTokenTag.Identifier)

            let lines =
                [ for element in elements do
                      match element with
                      | ToolTipElement.Group group ->
                          for data in group do
                              data.MainDescription.Text
                              documentation data.XmlDoc
                      | _ -> () ]
                |> List.filter (fun line -> line <> "")

            if lines.IsEmpty then None else Some(String.Join("\n", lines))

    let isComplete (session: FsiEvaluationSession) (text: string) =
        let lines = text.TrimEnd().Split('\n')
        let last = lines[lines.Length - 1]
        // F# ends a block by an empty line: a definition over several lines is open until then.
        let waits = [ "="; "->"; "do"; "then"; "else"; "with"; "("; "["; "{"; "[|"; "|>" ] |> List.exists (fun ending -> last.TrimEnd().EndsWith(ending, StringComparison.Ordinal))

        if waits || (last.StartsWith ' ' && not (text.EndsWith '\n')) then
            Completeness.Incomplete
        else
            let parsed, _, _ = session.ParseAndCheckInteraction text

            if not parsed.ParseHadErrors then Completeness.Complete
            elif parsed.Diagnostics |> Array.exists (fun found -> found.Message.Contains "end of" || found.Message.Contains "Unmatched") then Completeness.Incomplete
            else Completeness.Invalid
