# Splits a Markdown document into numbered files in the folder `out`, in the order of the document:
#
#   NNN.KIND    a fenced block, named by the word behind its fence: sql, sh, python, js, cpp
#   NNN.errors  a table row | `statement` | `SQLSTATE` | …: the statement and the SQLSTATE, tab between
#   NNN.line    where it begins
#   NNN.output  what it is said to print: the block called "text" that follows it
#
# A block of sh is taken only behind the line <!-- test: run -->.

function begin(kind) {
    number++
    name = sprintf("%s/%03d", out, number)
    print FNR > (name ".line")
    close(name ".line")
    return name "." kind
}

/^ *```/ {
    if (file != "") {
        close(file)
        file = ""
    } else if (inside) {
        # the end of a block that nobody wants
    } else {
        kind = $0
        sub(/^ *```/, "", kind)
        if (kind ~ /^(sql|python|js|cpp)$/ || (kind == "sh" && run)) {
            file = begin(kind)
            printf "" > file
            can_print = 1
        } else if (kind == "text" && can_print) {
            file = name ".output"
            printf "" > file
            can_print = 0
        } else {
            can_print = 0
        }
        run = 0
    }
    inside = !inside
    next
}
inside {
    if (file != "") print > file
    next
}
/^<!-- test: run -->$/ { run = 1 }
/^\| `[^`]+;?` \| `[0-9A-Z]+` \|/ {
    split($0, cell, "`")
    if (length(cell[4]) == 5) {
        file = begin("errors")
        printf "%s\t%s\n", cell[2], cell[4] > file
        close(file)
        file = ""
        can_print = 0
    }
}
