# Tilde.
HOME=/home/me
echo ~ ~/x "~" \~ '~' a~ ~/"q r"
x=~/bin:~/lib; echo $x; y=~; echo $y; z="~"; echo $z
echo ${u:-~} ${u:-~/x}; case ~ in /home/me) echo case;; esac
export P=~/p; echo $P
cat <<E
~
E
HOME='with space'; printf '<%s>\n' ~
