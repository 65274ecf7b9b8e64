# Draws the plots: gnuplot -e "data='FOLDER'; out='FOLDER'" plots.gp
# One SVG for each data file; a file without lines gives no plot.

set terminal svg noenhanced size 760,440 dynamic font "sans-serif,14" background rgb "white"
set datafile separator tab
set datafile missing NaN
set border 3 lc rgb "#666666"
set tics nomirror textcolor rgb "#333333"
set grid ytics lc rgb "#e4e4e4" lt 1
set key outside right top Left reverse samplen 1.5 spacing 1.2 textcolor rgb "#333333"
set style fill solid noborder

color(name) = name eq "session_memory" ? 0xD1495B : name eq "redis list" ? 0x2E4057 : \
              name eq "redis session" ? 0x6F8AA8 : name eq "openai sql" ? 0x3C887E : \
              name eq "one array" ? 0xE0A030 : \
              name eq "bare statement" ? 0xBBBBBB : 0x9A8FB0

lines_in(file) = int(system("grep -c . '".data."/".file."' || true"))
present(file) = system("cut -f1 '".data."/".file."' | awk '!seen[$0]++ { printf \"\\047%s\\047 \", $0 }'")

# --- a second by connections: bars with the lowest and highest round -------------------------------
place(x) = x == 1 ? 0 : x == 2 ? 1 : 2
wide = 0.12
bars = "contexts adds_off adds_on"
titles = "'Contexts a second (newest 5 exchanges)' \
'Adds a second, commits do not wait for the disk' 'Adds a second, every commit on disk'"
do for [n = 1:words(bars)] {
    file = word(bars, n).".dat"
    if (lines_in(file) > 0) {
        shown = present(file)
        shift(k) = (k - (words(shown) + 1) / 2.0) * wide
        set output out."/".word(bars, n).".svg"
        set title word(titles, n) textcolor rgb "#222222"
        set xlabel "connections"
        set ylabel "thousand a second"
        set xrange [-0.55:2.55]
        set yrange [0:*]
        set xtics ("1" 0, "2" 1, "8" 2)
        plot for [k = 1:words(shown)] data."/".file \
                 using (strcol(1) eq word(shown, k) ? place($2) + shift(k) : NaN):($3 / 1000):(wide * 0.9) \
                 with boxes lc rgb color(word(shown, k)) title word(shown, k), \
             for [k = 1:words(shown)] data."/".file \
                 using (strcol(1) eq word(shown, k) ? place($2) + shift(k) : NaN):($4 / 1000):(0):(($5 - $4) / 1000) \
                 with vectors nohead lc rgb "#222222" notitle
        unset output
    }
}

# --- cost by length of the history: lines, both axes logarithmic -------------------------------
unset xrange
set xtics autofreq
set logscale xy
set xrange [7:*]
set yrange [*:*]
set format x "%.0f"
lines = "history_context history_add"
titles = "'Cost of a context by length of the history' 'Cost of an add by length of the history'"
do for [n = 1:words(lines)] {
    file = word(lines, n).".dat"
    if (lines_in(file) > 0) {
        shown = present(file)
        set output out."/".word(lines, n).".svg"
        set title word(titles, n) textcolor rgb "#222222"
        set xlabel "interactions in the session"
        set ylabel "microseconds (median), one connection"
        plot for [k = 1:words(shown)] data."/".file \
                 using (strcol(1) eq word(shown, k) ? $2 : NaN):3 \
                 with linespoints lw 2 pt 7 ps 0.6 lc rgb color(word(shown, k)) title word(shown, k)
        unset output
    }
}

# --- cost under an old snapshot ----------------------------------------------------------------
unset logscale
set format x "%.0f"
set xrange [0:*]
set yrange [0:*]
file = "snapshot.dat"
if (lines_in(file) > 0) {
    shown = present(file)
    hue(name) = name eq "add, old snapshot" ? 0xD1495B : name eq "context, old snapshot" ? 0x2E4057 : \
                name eq "add, no snapshot" ? 0xE8A7B0 : 0x9DB0C6
    set output out."/snapshot.svg"
    set title "One session while another transaction holds an old snapshot" textcolor rgb "#222222"
    set xlabel "adds since the snapshot"
    set ylabel "microseconds (mean)"
    plot for [k = 1:words(shown)] data."/".file \
             using (strcol(1) eq word(shown, k) ? $2 : NaN):3 \
             with linespoints lw 2 pt 7 ps 0.6 lc rgb hue(word(shown, k)) title word(shown, k)
    unset output
}
