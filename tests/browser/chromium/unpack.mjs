// Prints where Chromium is, after unpacking it into the folder for temporary files.
import chromium from '@sparticuz/chromium';

process.stdout.write(await chromium.executablePath());
