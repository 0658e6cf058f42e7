# Pages with known text, as a screen shows them: Pillow draws fonts of the system. Put after baseline.py by text.rs.

from PIL import Image, ImageDraw, ImageFont

_FONTS = {
    "sans": ["DejaVuSans.ttf", "LiberationSans-Regular.ttf"],
    "serif": ["LiberationSerif-Regular.ttf", "DejaVuSerif.ttf"],
    "mono": ["DejaVuSansMono.ttf", "LiberationMono-Regular.ttf"],
}


def _font(family, size):
    for name in _FONTS[family]:
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue
    raise OSError(f"no {family} font: install fonts-dejavu-core and fonts-liberation")


def _parts(text, part):
    """The lines of a part of pages.txt, by what they are."""
    found, current, kind = {}, None, None
    for line in text.splitlines():
        if line.startswith("## "):
            current = line[3:]
        elif current is None:
            continue
        elif line.startswith("# "):
            kind = line[2:]
        elif current == part:
            found.setdefault(kind, []).append(line)
    return found


def _wrapped(words, font, width):
    line = ""
    for word in words.split():
        longer = f"{line} {word}".strip()
        if font.getlength(longer) > width and line:
            yield line
            line = word
        else:
            line = longer
    yield line


def page(text, part, family, size, theme, width, height, columns, mixed):
    """A page and the lines on it. `mixed`: code, labels and records between the paragraphs."""
    lines = _parts(text, part)
    paper, ink = {"light": ((255, 255, 255), (32, 33, 36)), "dark": ((30, 30, 34), (222, 222, 226))}[theme]
    picture = Image.new("RGB", (width, height), paper)
    draw = ImageDraw.Draw(picture)
    font = _font(family, size)
    mono = _font("mono", size)
    ui = _font("sans", size)
    step = round(size * 1.5)
    gutter = max(48, 3 * size)
    column = (width - gutter) // columns - gutter
    order = []
    for number in range(max(len(part) for part in lines.values())):
        for kind in ("prose", "code", "labels", "records") if mixed else ("prose",):
            here = lines[kind]
            order.append((kind, here[(number * 5 + size) % len(here)]))
    shown, number = [], 0
    for at in range(columns):
        x, y = gutter + at * (column + gutter), gutter // 2
        while y + step < height - gutter // 2:
            kind, words = order[number % len(order)]
            number += 1
            face = {"code": mono, "labels": ui}.get(kind, font)
            if kind == "code":
                indent = len(words) - len(words.lstrip())
                pieces = [words.strip()] if face.getlength(words) <= column else []
            else:
                indent, pieces = 0, _wrapped(words, face, column)
            for piece in pieces:
                if y + step >= height - gutter // 2:
                    break
                draw.text((x + indent * face.getlength(" "), y), piece, font=face, fill=ink)
                shown.append(piece)
                y += step
            y += step // 2
            if number > 40 * len(order):
                break
    return picture, shown
